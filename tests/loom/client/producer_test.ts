import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Handler } from "../../../src/http/handler.ts";
import { requireToken } from "../../../src/http/tokens.ts";
import { limits } from "../../../src/limits.ts";
import { followStream } from "../../../src/loom/client/follow.ts";
import type { ConnectionState } from "../../../src/loom/client/retry.ts";
import { openProducer } from "../../../src/loom/client/producer.ts";
import { cuttingProxy, randomNumbers, serveStreams } from "../../support/stream_server.ts";
import { within } from "../../support/within.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const id = "builds/42";

/** A handler that lets POSTs wait, from the first on, until they are let through. */
function gate(): { wrap: (handler: Handler) => Handler; open: () => void; arrived: Promise<void> } {
  const opened = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  return {
    wrap: (handler) => async (request, info) => {
      if (request.method === "POST") {
        arrived.resolve();
        await opened.promise;
      }
      return handler(request, info);
    },
    open: opened.resolve,
    arrived: arrived.promise,
  };
}

Deno.test("what is written is stored in order, and close() ends the stream", async () => {
  await using server = await serveStreams();
  await using writer = await openProducer({ url: server.url, id, contentType: "text/plain", metadata: { who: "Zoë" } });
  equal(server.store.head(id)?.end, undefined);
  for (let i = 0; i < 1000; i++) await writer.write(encoder.encode(`${i}\n`));
  await writer.close();
  equal(await server.text(id), Array.from({ length: 1000 }, (_, i) => `${i}\n`).join(""));
  const { end, contentType, metadata } = server.store.head(id)!;
  deepEqual([end, contentType, metadata], ["closed", "text/plain", { who: "Zoë" }]);
  equal(writer.storedBytes, 3890);
  await rejects(writer.write(encoder.encode("late")), /the stream has been closed/);
});

Deno.test("text is written as UTF-8", async () => {
  await using server = await serveStreams();
  await using writer = await openProducer({ url: server.url, id });
  await writer.write("Zoë €");
  await writer.close();
  deepEqual([await server.text(id), writer.storedBytes], ["Zoë €", 8]);
});

Deno.test("a stream to which nothing was written is there and ended", async () => {
  await using server = await serveStreams();
  await using writer = await openProducer({ url: `${server.url}/`, id });
  await writer.close();
  const { end, tail, contentType } = server.store.head(id)!;
  deepEqual([end, tail, contentType], ["closed", 0, "application/octet-stream"]);
});

Deno.test("each line is with a reader within 100 ms", async () => {
  await using server = await serveStreams();
  await using writer = await openProducer({ url: server.url, id });
  const reader = followStream({ url: server.url, id });
  const times: number[] = [];
  for (let i = 0; i < 11; i++) {
    const started = performance.now();
    await writer.write(encoder.encode(`line ${i}\n`));
    const { value } = await within("the line comes", reader.next());
    equal(decoder.decode(value as Uint8Array), `line ${i}\n`);
    times.push(performance.now() - started);
  }
  const median = times.sort((a, b) => a - b)[5];
  ok(median < 100, `${median} ms`);
  await reader.return();
});

Deno.test("what is written while a request is under way goes into the next one", async () => {
  const { wrap, open, arrived } = gate();
  await using server = await serveStreams(wrap);
  await using writer = await openProducer({ url: server.url, id });
  await writer.write(encoder.encode("first,"));
  await arrived;
  for (let i = 0; i < 100; i++) await writer.write(encoder.encode(`${i},`));
  open();
  await writer.close();
  equal(server.requests.filter((request) => request.startsWith("POST")).length, 2);
  equal(await server.text(id), "first," + Array.from({ length: 100 }, (_, i) => `${i},`).join(""));
});

Deno.test("write() waits while as much waits as may, and requests stay within their bound", async () => {
  const { wrap, open, arrived } = gate();
  let largest = 0;
  await using server = await serveStreams((handler) =>
    wrap((request, info) => {
      largest = Math.max(largest, Number(request.headers.get("content-length")));
      return handler(request, info);
    })
  );
  await using writer = await openProducer({ url: server.url, id });
  const chunk = new Uint8Array(limits.clientRequestBytes);
  await writer.write(chunk);
  await arrived;
  for (let i = 0; i < 8; i++) await writer.write(chunk);
  let room = false;
  const waiting = writer.write(chunk.subarray(0, 1)).then(() => room = true);
  await new Promise((resolve) => setTimeout(resolve));
  equal(room, false);
  open();
  await waiting;
  await writer.close();
  equal(server.store.head(id)?.tail, 9 * chunk.byteLength + 1);
  equal(largest, limits.clientRequestBytes);
});

Deno.test("no byte is lost or doubled over connections that are cut at any place", async () => {
  await using server = await serveStreams();
  const random = randomNumbers(7);
  let connections = 0;
  await using proxy = cuttingProxy(
    server,
    () => ++connections % 4 === 0 ? 30_000 : 300 + Math.floor(random() * 15_000),
  );
  await using writer = await openProducer({ url: proxy.url, id });
  let expected = "";
  for (let i = 0; i < 2000; i++) {
    const line = `${i} ${"x".repeat(Math.floor(random() * 60))}\n`;
    expected += line;
    await writer.write(encoder.encode(line));
    // So that there are many requests, each of which a connection can carry.
    while (expected.length - writer.storedBytes > 5000) await new Promise((resolve) => setTimeout(resolve));
  }
  await writer.close();
  ok(proxy.cuts > 3, `${proxy.cuts} cuts`);
  equal(await server.text(id), expected);
  equal(server.store.head(id)?.end, "closed");
});

Deno.test("a producer goes on when the server comes back", async () => {
  await using server = await serveStreams();
  const broken = Promise.withResolvers<void>();
  const states: string[] = [];
  const onState = ({ kind }: ConnectionState) => {
    if (states.at(-1) !== kind) states.push(kind);
    if (kind === "reconnecting") broken.resolve();
  };
  await using writer = await openProducer({ url: server.url, id, onState });
  await writer.write(encoder.encode("before "));
  await server.crash();
  await writer.write(encoder.encode("between "));
  await broken.promise;
  await server.restart();
  await writer.write(encoder.encode("after"));
  await writer.close();
  equal(await server.text(id), "before between after");
  deepEqual(states, ["reconnecting", "connected"]);
});

Deno.test("answers of an overloaded server are tried again, also when the request had been carried out", async () => {
  const answers = [500, 429];
  await using server = await serveStreams((handler) => async (request, info) => {
    const response = await handler(request, info);
    const status = answers.shift();
    return status === undefined ? response : new Response("busy", { status, headers: { "retry-after": "0" } });
  });
  await using writer = await openProducer({ url: server.url, id });
  equal(answers.length, 0);
  answers.push(503, 408);
  await writer.write(encoder.encode("once"));
  await writer.close();
  deepEqual([answers.length, await server.text(id)], [0, "once"]);
});

Deno.test("a stream that is there is not written to, and replaced with force", async () => {
  await using server = await serveStreams();
  await server.store.create(id, { bytes: encoder.encode("old") });
  const code = "exists";
  await rejects(openProducer({ url: server.url, id }), { code });
  await rejects(openProducer({ url: server.url, id, contentType: "text/plain" }), { code });
  equal(await server.text(id), "old");
  await using writer = await openProducer({ url: server.url, id, force: true });
  await writer.write(encoder.encode("new"));
  await writer.close();
  equal(await server.text(id), "new");
});

Deno.test("a stream that was made by another one while the answer was lost is not written to", async () => {
  await using server = await serveStreams((handler) => async (request, info) => {
    if (request.method !== "PUT" || server.requests.length > 1) return handler(request, info);
    await server.store.create(id, { bytes: encoder.encode("theirs") });
    return new Response(null, { status: 503 });
  });
  await rejects(openProducer({ url: server.url, id }), { code: "exists" });
  equal(await server.text(id), "theirs");
});

Deno.test("an end as aborted is marked so, and so is a writer that is only disposed of", async () => {
  await using server = await serveStreams();
  const aborted = await openProducer({ url: server.url, id: "a" });
  await aborted.write(encoder.encode("half"));
  await aborted.close("aborted");
  {
    await using left = await openProducer({ url: server.url, id: "b" });
    await left.write(encoder.encode("half"));
  }
  for (const id of ["a", "b"]) deepEqual([server.store.head(id)?.end, await server.text(id)], ["aborted", "half"]);
});

Deno.test("of a stream of JSON each line is a value", async () => {
  await using server = await serveStreams();
  await using writer = await openProducer({ url: server.url, id, contentType: "application/json" });
  await writer.write(encoder.encode('{"a":1.0}\n\n[1,'));
  await writer.write(encoder.encode('2]\n"end"'));
  await writer.close();
  equal(await server.text(id), '{"a":1.0}\n[1,2]\n"end"\n');
});

Deno.test("a line that is no JSON ends it with what the server says", async () => {
  await using server = await serveStreams();
  await using writer = await openProducer({ url: server.url, id, contentType: "application/json" });
  await writer.write(encoder.encode("plain text\n"));
  await rejects(writer.close(), { code: "refused", message: /400.*JSON/ });
  await rejects(writer.done, { code: "refused" });
});

Deno.test("refusals end it at once, and whoever writes is told", async () => {
  await using server = await serveStreams();
  await using writer = await openProducer({ url: server.url, id });
  await server.store.append(id, new Uint8Array(0), { end: "closed" });
  await writer.write(encoder.encode("late"));
  await rejects(writer.done, { code: "closed", message: /^The stream has been ended by somebody else/ });
  await rejects(writer.write(encoder.encode("later")), { code: "closed" });
  equal(server.requests.filter((request) => request.startsWith("POST")).length, 1);
});

Deno.test("a server that forgot what it had acknowledged is found out", async () => {
  await using server = await serveStreams();
  await using writer = await openProducer({ url: server.url, id });
  const reader = followStream({ url: server.url, id });
  await writer.write(encoder.encode("stored"));
  await reader.next();
  await reader.return();
  while (writer.storedBytes === 0) await new Promise((resolve) => setTimeout(resolve));
  await server.store.create(id, { force: true });
  await writer.write(encoder.encode("more"));
  await rejects(writer.close(), { code: "lost" });
});

Deno.test("it gives up when nothing has moved for too long", async () => {
  await using server = await serveStreams();
  await using writer = await openProducer({ url: server.url, id, giveUpMs: 300 });
  await server.crash();
  await writer.write(encoder.encode("unsent"));
  await rejects(within("it gives up", writer.done), { code: "gave-up", message: /^Gave up after 0 s .*refused/ });
  equal(writer.storedBytes, 0);
});

Deno.test("a server that was never reached is given up soon", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const opening = openProducer({ url: `http://127.0.0.1:${port}`, id });
  await rejects(within("it gives up", opening), { code: "unreachable", message: /^Cannot reach .*refused/ });
});

Deno.test("a signal ends it at once, also while it waits to try again", async () => {
  await using server = await serveStreams();
  const stop = new AbortController();
  const broken = Promise.withResolvers<void>();
  const onState = () => broken.resolve();
  await using writer = await openProducer({ url: server.url, id, signal: stop.signal, onState });
  await server.crash();
  await writer.write(encoder.encode("unsent"));
  await broken.promise;
  stop.abort(new Error("enough"));
  await rejects(within("it ends", writer.done), /enough/);
});

Deno.test("a token is sent; without the right one nothing is done", async () => {
  const tokens = [{ token: "right", write: true }, { token: "reader", write: false }];
  await using server = await serveStreams((handler) => requireToken(handler, tokens));
  const { url } = server;
  await rejects(openProducer({ url, id }), { code: "unauthorized" });
  await rejects(openProducer({ url, id, token: "wrong" }), { code: "unauthorized" });
  await rejects(openProducer({ url, id, token: "reader" }), { code: "forbidden" });
  await rejects(openProducer({ url, id, token: "two words" }), TypeError);
  await using writer = await openProducer({ url, id, token: "right" });
  await writer.close();
  equal(server.store.head(id)?.end, "closed");
});

Deno.test("another server's success, and a redirect, are not taken for success", async () => {
  for (const status of [200, 201, 301, 307]) {
    await using server = await serveStreams(() => () =>
      new Response("hello", { status, headers: { location: "https://elsewhere/" } })
    );
    await rejects(openProducer({ url: server.url, id }), { code: "refused" });
    equal(server.requests.length, 1);
  }
});

Deno.test("addresses and ids that can't be are refused before anything is sent", async () => {
  for (const url of ["localhost:3060", "ftp://x/", "http://a:b@x/", "http://x/?y", "nonsense"]) {
    await rejects(openProducer({ url, id }), TypeError);
  }
  for (const id of ["", "a/../b", "..", "a//b", "a\0b", "x".repeat(1025)]) {
    await rejects(openProducer({ url: "http://localhost:1", id }), { code: "invalid" });
  }
});
