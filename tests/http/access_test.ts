/** What a server tells of its requests, those too that no handler got. */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Access } from "../../src/http/node_server.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { until } from "../support/within.ts";

Deno.test("whoever keeps something of a request finds it again by that", async () => {
  const kept = new WeakMap<Request, string>();
  const found: (string | undefined)[] = [];
  await using server = await listen((request) => {
    kept.set(request, request.url.slice(-2));
    return new Response(null);
  }, { onAccess: (_access, request) => void found.push(request && kept.get(request)) });
  for (const path of ["/a", "/b"]) await (await fetch(server.url + path)).text();
  await until("both are told", () => found.length === 2);
  deepEqual(found, ["/a", "/b"]);
});

Deno.test("requests that no handler got are told of, with as much as is known", async () => {
  const told: [Access, Request | undefined][] = [];
  await using server = await listen(() => new Response(null), {
    onAccess: (...access) => void told.push(access),
    requestHeadBytes: 1000,
    requestHeadMs: 100,
  });
  const requests: [bytes: string, method: string, url: string, status: number][] = [
    ["nonsense\r\n\r\n", "", "", 400],
    [`GET /${"x".repeat(1000)} HTTP/1.1\r\n`, "", "", 431],
    ["GET /slow HTTP/1.1\r\n", "", "", 408],
    ["GET /a\\b HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/a\\b", 400],
    ["CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", "CONNECT", "x:1", 501],
    ["GET /1 HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n", "GET", "/1", 417],
  ];
  for (const [bytes, method, url, status] of requests) {
    using client = await RawClient.connect(server.url);
    const before = Date.now();
    await client.send(bytes);
    const head = await client.head();
    equal(head.status, status);
    const length = (await client.body(head)).length;
    await until("it is told", () => told.length === 1);
    const [access, request] = told.pop()!;
    deepEqual(
      [request, access.method, access.url, access.status, access.bytes, access.complete, access.remoteAddress],
      [undefined, method, url, status, length, true, "127.0.0.1"],
    );
    ok(access.startedAt >= before - 10 && access.startedAt <= Date.now() + 10);
  }
});

Deno.test("a client that leaves before it has said anything is not told of", async () => {
  await using server = await listen(() => new Response(null));
  for (const bytes of ["", "\r\n"]) {
    using client = await RawClient.connect(server.url);
    if (bytes) await client.send(bytes);
    await client.closeWrite();
    await client.rest();
  }
  deepEqual(server.accesses, []);
});

Deno.test("the bytes of a body that were taken are told, whoever took them", async () => {
  await using server = await listen(async (request) => {
    if (request.url.endsWith("/read")) await request.text();
    return new Response(null);
  });
  for (const path of ["/read", "/ignored"]) {
    using client = await RawClient.connect(server.url);
    const post = `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`;
    await client.send(`${post}5\r\nabcde\r\n3\r\nfgh\r\n0\r\n\r\n`);
    equal((await client.head()).status, 200);
    await client.rest();
  }
  await until("both are told", () => server.accesses.length === 2);
  deepEqual(server.accesses.map(({ requestBytes }) => requestBytes), [8, 0]);
});
