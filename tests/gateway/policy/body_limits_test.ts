/** Bodies that are too small or too large, before targets of each kind. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { limitBody } from "../../../src/gateway/policy/body_limits.ts";
import { forward } from "../../../src/http/forward.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { program } from "../../../src/process/program.ts";
import { detail, seen } from "../../support/ask.ts";
import { addressOf } from "../../support/front.ts";
import { listen } from "../../support/in_process.ts";
import { RawClient } from "../../support/raw_client.ts";

const limits = { bodyBytesMin: 3, bodyBytes: 10 };
const echo: Handler = async (request) => new Response(await request.text());

/** A body of unknown length. */
function unannounced(text: string): RequestInit {
  const pieces = text.match(/.{1,4}/g) ?? [];
  return { method: "POST", body: ReadableStream.from(pieces).pipeThrough(new TextEncoderStream()) };
}

Deno.test("what is announced is judged before it comes", async () => {
  let calls = 0;
  await using server = await listen(limitBody((request) => {
    calls++;
    return echo(request);
  }, limits));
  for (const [length, status] of [[11, 413], [1e9, 413], [2, 400], [0, 400]]) {
    using client = await RawClient.connect(server.url);
    await client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
    equal((await client.head()).status, status);
  }
  equal(calls, 0);
  for (const body of ["abc", "0123456789"]) {
    deepEqual(await seen(server.url, { method: "POST", body }), { status: 200, body });
  }
});

Deno.test("what is not announced is judged while it comes", async () => {
  await using server = await listen(limitBody(echo, limits));
  for (const body of ["abc", "0123456789"]) {
    deepEqual(await seen(server.url, unannounced(body)), { status: 200, body });
  }
  deepEqual(await detail(server.url, unannounced("0123456789a")), [413, "The body is larger than 10 bytes"]);
  deepEqual(await detail(server.url, unannounced("ab")), [400, "The body is smaller than 3 bytes"]);
});

Deno.test("a request that has no body need have none, unless it is one that brings something", async () => {
  await using server = await listen(limitBody(() => new Response("fine"), limits));
  for (const method of ["GET", "HEAD", "OPTIONS"]) equal((await seen(server.url, { method })).status, 200, method);
  for (const method of ["POST", "PUT", "DELETE"]) equal((await seen(server.url, { method })).status, 400, method);
});

Deno.test("a request of another server is judged too, whatever it announces", async () => {
  const limited = limitBody(echo, limits);
  const ask = (body: string, headers?: Record<string, string>) =>
    Promise.try(limited, new Request("http://x/", { method: "POST", body, headers }))
      .then(({ status }) => status, ({ status }) => status);
  deepEqual([await ask("abc"), await ask("a".repeat(11)), await ask("a")], [200, 413, 400]);
  equal(await ask("a".repeat(11), { "content-length": "5" }), 413);
});

Deno.test("a program's client gets the refusal, as long as the program has said nothing", async () => {
  await using cat = program({ command: ["cat"] });
  await using slow = program({ code: "cat >/dev/null; echo late", language: "sh" });
  for (const target of [cat, slow]) {
    await using server = await listen(limitBody(target, { bodyBytes: 100 }));
    equal((await seen(server.url, unannounced("a".repeat(100)))).status, 200);
    equal((await seen(server.url, unannounced("a".repeat(101)))).status, 413);
  }
});

Deno.test("an answer that has begun breaks off", async () => {
  await using server = await listen(limitBody((request) => new Response(request.body), { bodyBytes: 10 }));
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  equal((await client.head()).status, 200);
  equal(await client.chunk(), "hello");
  await client.send("6\r\nworlds\r\n");
  ok(!(await client.rest()).includes("0\r\n\r\n"));
});

Deno.test("an upstream's client gets the refusal, and the upstream no whole request", async () => {
  const bodies: string[] = [];
  await using upstream = await listen(async (request) => {
    bodies.push(await request.text());
    return new Response("fine");
  });
  await using server = await listen(limitBody((request) => forward(request, addressOf(upstream)), { bodyBytes: 10 }));
  equal((await seen(server.url, unannounced("0123456789"))).status, 200);
  equal((await seen(server.url, unannounced("0123456789a"))).status, 413);
  deepEqual(bodies, ["0123456789"]);
});

Deno.test("the connection of a refused body is good for the next request", async () => {
  await using server = await listen(limitBody(echo, { bodyBytes: 10 }));
  using client = await RawClient.connect(server.url);
  await client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n0123456789a`);
  const head = await client.head();
  equal(head.status, 413);
  await client.body(head);
  await client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello`);
  equal(await client.body(await client.head()), "hello");
});
