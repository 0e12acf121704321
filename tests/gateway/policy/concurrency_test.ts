/** Places of a route: who holds one, and until when. */

import { deepEqual, equal } from "node:assert/strict";
import { limitConcurrency } from "../../../src/gateway/policy/concurrency.ts";
import { bytesResponse } from "../../../src/http/bytes_response.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { promiseTrailers } from "../../../src/http/trailers.ts";
import { takeOver } from "../../../src/http/upgrade.ts";
import { detail, seen } from "../../support/ask.ts";
import { listen } from "../../support/in_process.ts";
import { RawClient } from "../../support/raw_client.ts";
import { until, within } from "../../support/within.ts";

const one = { concurrency: 1, queue: 0 };
const full = "Too many requests are under way, and the queue is full";

/** A handler whose answers begin at once and end when told. */
function streaming(): { handler: Handler; end: () => void; break: () => void; begun: () => number } {
  const open: ReadableStreamDefaultController<Uint8Array>[] = [];
  let begun = 0;
  const handler: Handler = () => {
    begun++;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("begun "));
        open.push(controller);
      },
    });
    return new Response(body, { status: 202, headers: { "x-a": "b" } });
  };
  return {
    handler,
    end: () => open.shift()!.close(),
    break: () => open.shift()!.error(new Error("broken")),
    begun: () => begun,
  };
}

Deno.test("a place is held until the answer's body has ended", async () => {
  const stream = streaming();
  await using server = await listen(limitConcurrency(stream.handler, one));
  for (const end of [stream.end, stream.break]) {
    const first = await fetch(server.url);
    deepEqual([first.status, first.headers.get("x-a")], [202, "b"]);
    deepEqual(await detail(server.url), [503, full]);
    equal(
      (await fetch(server.url).then((response) => response.body!.cancel().then(() => response.headers)))
        .get("retry-after"),
      "1",
    );
    end();
    await first.text().catch(() => {/* one is to break */});
  }
  const last = await fetch(server.url);
  equal(last.status, 202);
  stream.end();
  equal(await last.text(), "begun ");
});

Deno.test("who waits comes in when a place is free, and who leaves meanwhile gives his turn away", async () => {
  const stream = streaming();
  await using server = await listen(limitConcurrency(stream.handler, { concurrency: 1, queue: 2 }));
  const first = await fetch(server.url);
  const leaving = new AbortController();
  const left = fetch(server.url, { signal: leaving.signal }).catch(() => "left");
  const second = fetch(server.url);
  await until("two wait", async () => {
    const response = await fetch(server.url, { signal: AbortSignal.timeout(50) }).catch(() => undefined);
    await response?.body?.cancel();
    return response?.status === 503;
  });
  leaving.abort();
  equal(await left, "left");
  await until("the one that left is noticed", () => server.accesses.some(({ complete }) => !complete));
  equal(stream.begun(), 1);
  stream.end();
  equal(await first.text(), "begun ");
  equal((await within("the second's turn", second)).status, 202);
  stream.end();
  equal(await (await second).text(), "begun ");
});

Deno.test("a client that leaves gives its place back, before its answer and during it", async () => {
  const stream = streaming();
  const hanging: Handler = ({ url, signal }, info) => {
    if (!url.endsWith("/hang")) return stream.handler(new Request(url), info);
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Response("too late"))));
  };
  await using server = await listen(limitConcurrency(hanging, one));
  for (const path of ["/hang", "/stream"]) {
    {
      using client = await RawClient.connect(server.url);
      await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      if (path === "/stream") await client.until("begun");
      else await until("the place is taken", async () => (await seen(server.url)).status === 503);
    }
    await until("the place is free", async () => {
      using client = await RawClient.connect(server.url);
      await client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
      return (await client.head()).status === 202;
    });
  }
});

Deno.test("answers that are made already hold no place, and neither does one that fails", async () => {
  const answers: Handler[] = [
    () => bytesResponse(new TextEncoder().encode("known"), {}),
    () => new Response(null, { status: 204 }),
    () => Promise.reject(new TypeError("inner")),
    () => {
      throw new TypeError("inner");
    },
  ];
  const limited = limitConcurrency((request, info) => answers[Number(request.url.at(-1))](request, info), one);
  await using server = await listen(limited);
  for (let i = 0; i < 2; i++) {
    const statuses = [];
    for (let at = 0; at < 4; at++) statuses.push((await seen(`${server.url}/${at}`)).status);
    deepEqual(statuses, [200, 204, 500, 500]);
  }
});

Deno.test("trailers go through, and a connection that was taken over holds its place until it is closed", async () => {
  const handler: Handler = ({ headers }) => {
    if (headers.has("upgrade")) {
      return takeOver(({ socket }) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
        socket.once("end", () => socket.destroy()).resume();
      });
    }
    const response = new Response(ReadableStream.from(["a"]).pipeThrough(new TextEncoderStream()), {
      headers: { trailer: "x-sum" },
    });
    promiseTrailers(response, Promise.resolve(new Headers({ "x-sum": "1" })));
    return response;
  };
  await using server = await listen(limitConcurrency(handler, one), { upgrade: true });
  {
    using client = await RawClient.connect(server.url);
    await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await client.until("x-sum: 1\r\n");
  }
  {
    using client = await RawClient.connect(server.url);
    await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    equal((await client.head()).status, 101);
    equal((await seen(server.url)).status, 503);
  }
  await until("the place is free", async () => (await seen(server.url)).status === 200);
});
