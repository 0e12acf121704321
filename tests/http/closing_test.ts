/** A server that closes: what is idle goes at once, what is under way is finished, and nobody is asked to come again. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { connect as connectTls } from "node:tls";
import { bytesResponse } from "../../src/http/bytes_response.ts";
import { type HttpServer, serveHttp } from "../../src/http/node_server.ts";
import { EC, makePair } from "../support/certificate.ts";
import { RawClient } from "../support/raw_client.ts";
import { within } from "../support/within.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/** A server whose answers wait for a word. */
async function serveSlowly(): Promise<{ server: HttpServer; url: string; asked: Promise<void>; answer: () => void }> {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const server = await serveHttp(async (request) => {
    if (request.url.endsWith("/at-once")) return bytesResponse(new TextEncoder().encode("fine"), {});
    asked.resolve();
    await answered.promise;
    return bytesResponse(new TextEncoder().encode("late"), {});
  }, {});
  return { server, url: `http://127.0.0.1:${server.port}`, asked: asked.promise, answer: answered.resolve };
}

Deno.test("idle connections are closed at once, requests under way are answered, and are the last", async () => {
  const { server, url, asked, answer } = await serveSlowly();
  using idle = await RawClient.connect(url);
  await idle.send("GET /at-once HTTP/1.1\r\nHost: x\r\n\r\n");
  equal(await idle.body(await idle.head()), "fine");
  using unused = await RawClient.connect(url);
  using busy = await RawClient.connect(url);
  await busy.send(GET);
  await within("it is asked", asked);
  const closed = server.close(20_000);
  deepEqual([await idle.rest(), await unused.rest()], ["", ""]);
  answer();
  const head = await busy.head();
  equal(head.headers["connection"], "close");
  equal(await busy.rest(), "late");
  await within("the server has closed", closed);
});

Deno.test("idle connections under TLS are closed at once", async () => {
  const tls = await makePair(...EC);
  const server = await serveHttp(() => bytesResponse(new TextEncoder().encode("fine"), {}), { tls });
  const connect = async () => {
    const socket = connectTls({ host: "127.0.0.1", port: server.port, ca: tls.cert });
    await within("the handshake", new Promise<void>((resolve) => socket.once("secureConnect", resolve)));
    return socket;
  };
  const [unused, idle] = [await connect(), await connect()];
  idle.write(GET);
  await within("an answer", new Promise((resolve) => idle.once("data", resolve)));
  using silent = await RawClient.connect(`http://127.0.0.1:${server.port}`);
  const closed = [unused, idle].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
  for (const socket of [unused, idle]) socket.resume();
  await within("the server has closed", server.close(60_000));
  await within("all are told", Promise.all([...closed, silent.rest()]));
});

Deno.test("an answer that has begun is finished, and its connection closed behind it", async () => {
  const more = Promise.withResolvers<void>();
  const body = async function* () {
    yield new TextEncoder().encode("begin");
    await more.promise;
    yield new TextEncoder().encode("end");
  };
  const server = await serveHttp(() => new Response(ReadableStream.from(body())), {});
  using client = await RawClient.connect(`http://127.0.0.1:${server.port}`);
  await client.send(GET);
  await client.head();
  equal(await client.chunk(), "begin");
  const closed = server.close(20_000);
  more.resolve();
  equal(await client.chunk(), "end");
  equal(await client.rest(), "0\r\n\r\n");
  await within("the server has closed", closed);
});

Deno.test("what takes longer than is given is cut, at once in a hurry", async () => {
  for (const hurried of [false, true]) {
    const { server, url, asked, answer } = await serveSlowly();
    using busy = await RawClient.connect(url);
    await busy.send(GET);
    await within("it is asked", asked);
    const hurry = new AbortController();
    const closed = server.close(hurried ? 20_000 : 50, hurry.signal);
    if (hurried) hurry.abort();
    equal(await busy.rest(), "");
    await within("the server has closed", closed);
    answer();
  }
});

Deno.test("a server that closes twice, or in a hurry from the start, closes", async () => {
  const { server, url, asked, answer } = await serveSlowly();
  using busy = await RawClient.connect(url);
  await busy.send(GET);
  await within("it is asked", asked);
  const first = server.close(20_000);
  await within("both have closed", Promise.all([first, server.close(20_000, AbortSignal.abort())]));
  answer();
});

Deno.test("nobody connects while the rest is finished", async () => {
  const { server, url, asked, answer } = await serveSlowly();
  using busy = await RawClient.connect(url);
  await busy.send(GET);
  await within("it is asked", asked);
  const closed = server.close(20_000);
  ok(await RawClient.connect(url).then(() => false, () => true));
  answer();
  await closed;
});

Deno.test("a server that is disposed has closed, and let the request under way end", async () => {
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const server = await serveHttp(async () => {
    begun.resolve();
    await go.promise;
    return new Response("done");
  });
  const url = `http://127.0.0.1:${server.port}/`;
  const asked = fetch(url).then((response) => response.text());
  await begun.promise;
  const disposed = server[Symbol.asyncDispose]();
  go.resolve();
  equal(await asked, "done");
  await disposed;
  await rejects(fetch(url));
});
