/** Clients that send too much, too slowly or too many at once: they are cut off, and others notice nothing. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { bytesResponse } from "../../src/http/bytes_response.ts";
import { limits } from "../../src/limits.ts";
import { listen, type Listening } from "../support/in_process.ts";
import { RawClient, type RawHead } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const fine = new TextEncoder().encode("fine");

/** Asks on a connection of its own, while another one is hostile. */
async function unharmed(server: Listening): Promise<void> {
  equal(await (await within("another client has its answer", fetch(`${server.url}/other`))).text(), "fine");
}

/** An answer that is a problem document, and the last of its connection. */
async function refusal(client: RawClient, status: number, detail: RegExp): Promise<void> {
  const head: RawHead = await client.head();
  deepEqual(
    [head.status, head.headers["connection"], head.headers["content-type"]],
    [status, "close", "application/problem+json"],
  );
  const problem = JSON.parse(await client.body(head));
  equal(problem.status, status);
  match(problem.detail, detail);
  equal(await client.rest(), "");
}

Deno.test("a head of 1 MB is a 431 that the client gets to read, and others are unharmed", async () => {
  await using server = await listen(() => bytesResponse(fine, {}), { requestHeadBytes: 64 * 1024 });
  const long = "x".repeat(1_000_000);
  for (
    const head of [`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${long}\r\n\r\n`, `GET /${long} HTTP/1.1\r\nHost: x\r\n\r\n`]
  ) {
    using client = await RawClient.connect(server.url);
    const sending = client.send(head);
    await unharmed(server);
    await refusal(client, 431, /^The request's head is longer than 65536 bytes$/);
    await sending;
  }
  await until("all are told of", () => server.accesses.length === 4);
  deepEqual(server.accesses.filter(({ status }) => status === 431).map(({ method, url }) => [method, url]), [
    ["", ""],
    ["", ""],
  ]);
});

Deno.test("more header fields than anybody has are a 431, not a part of them", async () => {
  await using server = await listen((request) => Response.json([...request.headers].length));
  const send = async (count: number) => {
    const client = await RawClient.connect(server.url);
    const fields = Array.from({ length: count - 1 }, (_, i) => `a${i}: b\r\n`).join("");
    await client.send(`GET / HTTP/1.1\r\nHost: x\r\n${fields}\r\n`);
    return client;
  };
  using few = await send(limits.requestFields);
  equal(await few.body(await few.head()), String(limits.requestFields));
  for (const count of [limits.requestFields + 1, limits.requestFields + 2, 50_000]) {
    using many = await send(count);
    await refusal(many, 431, /^The request has more than 1000 header fields$/);
  }
});

Deno.test("clients that send their heads byte by byte are a 408 each, and others are unharmed", async () => {
  await using server = await listen(() => bytesResponse(fine, {}), { requestHeadMs: 200 });
  const slow = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(server.url)));
  const trickles = slow.map(async (client) => {
    try {
      for (const byte of "GET / HTTP/1.1\r\nHost: x\r\n" + "X-A: b\r\n".repeat(500)) {
        await client.send(byte);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } catch {
      // It is cut off: what it is told is looked at below.
    }
  });
  await unharmed(server);
  for (const client of slow) await refusal(client, 408, /^The request's head did not come within 200 ms$/);
  for (const client of slow) client[Symbol.dispose]();
  await Promise.all(trickles);
  await unharmed(server);
  equal(server.accesses.filter(({ status }) => status === 408).length, 20);
});

Deno.test("a connection on which nothing comes is closed", async () => {
  await using server = await listen(() => bytesResponse(fine, {}), { requestHeadMs: 100 });
  using client = await RawClient.connect(server.url);
  await client.rest();
  equal(client.ending, "closed");
});

Deno.test("a body that stops is a 408 and the connection's end, whoever reads it", async () => {
  const seen: string[] = [];
  await using server = await listen(async (request) => {
    if (request.method === "POST") seen.push(await request.text());
    return bytesResponse(fine, {});
  }, { requestBodyIdleMs: 100 });
  for (const length of ["Content-Length: 10", "Transfer-Encoding: chunked"]) {
    using client = await RawClient.connect(server.url);
    await client.send(`POST / HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n5\r\n`);
    await unharmed(server);
    await refusal(client, 408, /^The request's body did not come within 100 ms$/);
  }
  deepEqual(seen, []);
});

Deno.test("a body that breaks off in its coding is a 400, and its reader is told", async () => {
  const errors: unknown[] = [];
  await using server = await listen(async (request) => {
    await request.text().catch((error) => errors.push(error));
    return bytesResponse(fine, {});
  });
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
  await client.send("nonsense\r\n");
  await refusal(client, 400, /^The request is malformed$/);
  await until("the answer is told of", () => server.accesses.length === 1);
  deepEqual([server.accesses[0].status, server.accesses[0].method, errors.length], [400, "POST", 1]);
});

Deno.test("a body that is hardly there between extensions of its chunks is a 413", async () => {
  let taken = 0;
  await using server = await listen(async (request) => {
    for await (const chunk of request.body!) taken += chunk.byteLength;
    return bytesResponse(fine, {});
  });
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const chunk = `1;${"x".repeat(10_000)}\r\na\r\n`;
  const flood = client.send(chunk.repeat(1000)).catch(() => {/* it is cut off */});
  equal((await client.head()).status, 413);
  ok(taken < 1000, `${taken} bytes were taken`);
  client[Symbol.dispose]();
  await flood;
  equal(await (await fetch(server.url, { method: "POST", body: "a" })).text(), "fine");
});

Deno.test("small chunks of a body are what they are", async () => {
  await using server = await listen(async (request) => Response.json((await request.bytes()).byteLength));
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  await client.send("1;a=b\r\nx\r\n".repeat(50_000) + "0\r\n\r\n");
  equal(await client.body(await client.head()), "50000");
});

Deno.test("a client that asks for more than it takes makes no more answers than fit", async () => {
  let made = 0;
  const body = new Uint8Array(64 * 1024);
  await using server = await listen((request) => {
    if (request.url.endsWith("/other")) return bytesResponse(fine, {});
    made++;
    return bytesResponse(body, {});
  });
  using client = await RawClient.connect(server.url);
  const flood = client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20_000)).catch(() => {/* it leaves */});
  let before = -1;
  await until("no more is made", async () => {
    const still = made === before;
    before = made;
    if (!still) await new Promise((resolve) => setTimeout(resolve, 100));
    return still;
  });
  ok(made > 0 && made < 2000, `${made} answers were made`);
  await unharmed(server);
  client[Symbol.dispose]();
  await flood;
});

Deno.test("a client that takes nothing of an answer is cut off", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using server = await listen((request) => {
    if (request.url.endsWith("/other")) return bytesResponse(fine, {});
    return new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
        cancel: () => cancelled.resolve(),
      }),
    );
  }, { responseStallMs: 100 });
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await within("the body is given up", cancelled.promise);
  await unharmed(server);
  equal(server.accesses[0].complete, false);
});

Deno.test("an idle connection is closed when its time is over, and behind each answer when there is none", async () => {
  for (const [keepAliveMs, told] of [[200, "keep-alive"], [0, "close"]] as const) {
    await using server = await listen(() => bytesResponse(fine, {}), { keepAliveMs });
    using client = await RawClient.connect(server.url);
    await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const head = await client.head();
    equal(head.headers["connection"], told);
    equal(await client.body(head), "fine");
    equal(await client.rest(), "");
  }
});
