/** Requests that are passed on: what arrives, and what comes back. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { HttpError } from "../../src/errors.ts";
import { forward } from "../../src/http/forward.ts";
import { UpstreamPool } from "../../src/http/forward_pool.ts";
import { promiseTrailers } from "../../src/http/trailers.ts";
import { seen } from "../support/ask.ts";
import { addressOf, front, frontOf } from "../support/front.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { answering, rawUpstream } from "../support/upstream.ts";
import { until } from "../support/within.ts";

/** What a bare client gets for what it says. */
async function said(url: string, words: string): Promise<string> {
  using client = await RawClient.connect(url);
  await client.send(words);
  return await client.rest();
}

function fieldsOf(head: string): string[] {
  return head.split("\r\n").slice(1).filter((line) => line !== "").sort();
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Deno.test("a request arrives with what is meant for the upstream, and nothing of the connection before", async () => {
  const heads: string[] = [];
  await using upstream = await rawUpstream(({ received, socket }) => {
    heads.push(received);
    socket.end(OK);
  });
  await using server = await front(upstream);
  const named = "Connection: close, X-Named\r\nX-Named: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nTrailer: x\r\n";
  const forged = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Port: 1\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n";
  const alike =
    "X_Forwarded_For: 6.6.6.6\r\nX-Forwarded_Proto: https\r\nX_Real_IP: 6.6.6.6\r\nTrue-Client-IP: 6.6.6.6\r\n";
  const dropped = "Proxy: http://evil\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\nExpect: 100-continue\r\n";
  await said(
    server.url,
    `GET /a%20b/?c=d&e HTTP/1.1\r\nHost: shop.example\r\nVia: 1.0 cache\r\nX-A: b\r\n${named}${forged}${alike}${dropped}\r\n`,
  );
  equal(heads[0].split("\r\n")[0], "GET /a%20b/?c=d&e HTTP/1.1");
  deepEqual(fieldsOf(heads[0]), [
    "Connection: close",
    "host: shop.example",
    "via: 1.0 cache, 1.1 sluice",
    "x-a: b",
    "x-forwarded-for: 127.0.0.1",
    "x-forwarded-host: shop.example",
    "x-forwarded-proto: http",
  ]);
});

Deno.test("what a trusted proxy says of the client is passed on, and Host may be another one", async () => {
  const heads: string[] = [];
  await using upstream = await rawUpstream(({ received, socket }) => {
    heads.push(received);
    socket.end(OK);
  });
  await using server = await front(upstream, { trustForwarded: true, hostField: "inner" });
  const trusted = "X_Forwarded_For: 6.6.6.6\r\n" +
    "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer\r\nForwarded: a\r\n";
  await said(server.url, `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${trusted}\r\n`);
  deepEqual(fieldsOf(heads[0]), [
    "Connection: close",
    "forwarded: a",
    "host: inner",
    "via: 1.1 sluice",
    "x-forwarded-for: 10.0.0.1, 127.0.0.1",
    "x-forwarded-host: outer",
    "x-forwarded-proto: https",
  ]);
});

Deno.test("the length of a body is told anew, by one field", async () => {
  const messages: string[] = [];
  await using upstream = await rawUpstream((connection) => {
    const { received, socket } = connection;
    if (!/\r\n\r\n$|body$/.test(received)) return;
    messages.push(received.slice(received.indexOf("\r\n\r\n") + 4));
    const framing = fieldsOf(received).filter((line) => /^(?:content-length|transfer-encoding):/i.test(line));
    messages.push(framing.join());
    socket.end(OK);
  });
  await using server = await front(upstream);
  const cases: [string, string, string][] = [
    ["POST / HTTP/1.1\r\nContent-Length: 4\r\n", "body", "content-length: 4"],
    ["DELETE / HTTP/1.1\r\nContent-Length: 4\r\n", "body", "content-length: 4"],
    ["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n", "transfer-encoding: chunked"],
    ["DELETE / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n", "transfer-encoding: chunked"],
    ["POST / HTTP/1.1\r\n", "", "content-length: 0"],
    ["DELETE / HTTP/1.1\r\n", "", ""],
    ["GET / HTTP/1.1\r\n", "", ""],
  ];
  for (const [head, body, framing] of cases) {
    const answer = await said(server.url, `${head}Host: x\r\nConnection: close\r\n\r\n${body}`);
    match(answer, /ok$/);
    deepEqual(messages.splice(0), [body, framing], head);
  }
});

Deno.test("an answer comes back with its bytes as they are, and nothing of the connection behind", async () => {
  const fields = "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Encoding: gzip\r\nX-A: \xe9\r\nVia: 1.1 inner\r\n";
  const hop = "Connection: keep-alive, X-Named\r\nX-Named: 1\r\nKeep-Alive: timeout=9\r\nUpgrade: h2c\r\n";
  await using upstream = await answering(
    `HTTP/1.1 203 Fine\r\nContent-Length: 8\r\n${fields}${hop}Proxy-Authenticate: x\r\n\r\nno\x00gzip\xff`,
  );
  await using server = await front(upstream);
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const head = (await client.until("\r\n\r\n")).toLowerCase();
  match(head, /^http\/1.1 203 /);
  deepEqual(fieldsOf(head).filter((line) => !line.startsWith("date:")), [
    "connection: keep-alive",
    "content-encoding: gzip",
    "content-length: 8",
    "keep-alive: timeout=60",
    "set-cookie: a=1",
    "set-cookie: b=2",
    "via: 1.1 inner, 1.1 sluice",
    "x-a: \ufffd",
  ]);
  deepEqual([...await client.exactly(8)], [..."no\x00gzip\xff"].map((character) => character.charCodeAt(0)));
});

Deno.test("fields of an answer come back whatever they are called, and as often as they came", async () => {
  const plain = "Content-Length: 2\r\nX_a: 1\r\n";
  for (const more of ["", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", "__proto__: x\r\nConstructor: y\r\n"]) {
    await using upstream = await answering(`HTTP/1.1 200 OK\r\n${plain}${more}\r\nok`);
    await using server = await front(upstream);
    const answer = await said(server.url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const [head, body] = answer.split("\r\n\r\n");
    const fields = fieldsOf(head.toLowerCase()).filter((line) => !/^(?:date|connection):/.test(line));
    deepEqual(fields, [...fieldsOf(`\r\n${plain}${more}`.toLowerCase()), "via: 1.1 sluice"].sort());
    equal(body, "ok");
  }
});

Deno.test("answers without a body come back without one, with the length that they tell", async () => {
  const cases: [string, string, string | undefined][] = [
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "9"],
    ["HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", undefined],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n", undefined],
    ["GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", undefined],
    ["GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 4\r\n\r\nbody", "0"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "9"],
    ["GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0"],
  ];
  for (const [method, answer, length] of cases) {
    await using upstream = await answering(answer);
    using pool = new UpstreamPool();
    await using server = await front(upstream, { pool });
    using client = await RawClient.connect(server.url);
    for (let i = 0; i < 2; i++) {
      await client.send(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`);
      const head = await client.head();
      deepEqual([head.status, head.headers["content-length"]], [Number(answer.slice(9, 12)), length]);
    }
    await until("both have ended", () => server.ended === 2);
    equal(upstream.connections.length, 1);
  }
});

Deno.test("bodies flow both ways at once", async () => {
  await using server = await frontOf((request) => new Response(request.body));
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  equal((await client.head()).status, 200);
  equal(await client.chunk(), "one");
  await client.send("3\r\ntwo\r\n");
  equal(await client.chunk(), "two");
  equal(server.ended, 0);
  await client.send("0\r\n\r\n");
  equal(await client.chunk(), "");
  await until("it has ended", () => server.ended === 1);
});

Deno.test("trailers come back, and interim answers do not", async () => {
  await using server = await frontOf(() => {
    const response = new Response(ReadableStream.from([new TextEncoder().encode("x")]), {
      headers: { trailer: "x-sum" },
    });
    promiseTrailers(response, Promise.resolve(new Headers({ "x-sum": "42" })));
    return response;
  });
  match(
    await said(server.url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    /trailer: x-sum\r\n[^]*\r\n\r\n1\r\nx\r\n0\r\nx-sum: 42\r\n\r\n$/i,
  );
  await using upstream = await answering(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`);
  await using other = await front(upstream);
  const answer = await said(other.url, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  match(answer, /^HTTP\/1.1 200 [^]*ok$/);
  ok(!answer.includes("103"), answer);
});

Deno.test("a field that HTTP has no place for is refused before anything is sent", async () => {
  await using upstream = await rawUpstream();
  const request = new Request("http://x/", { headers: { "x-a": "a\x01b" } });
  await rejects(forward(request, upstream), (error: HttpError) => error.status === 400);
  equal(upstream.connections.length, 0);
});

Deno.test("requests of Deno.serve are passed on too", async () => {
  await using upstream = await listen(async (request) => new Response(`${request.url} ${await request.text()}`));
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => forward(request, addressOf(upstream)),
  );
  const url = `http://127.0.0.1:${server.addr.port}/a?b`;
  deepEqual(await seen(url, { method: "POST", body: "body" }), { status: 200, body: `${url} body` });
});
