/** The front over TLS, and what clients do to it that don't speak it well. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { bytesResponse } from "../../src/http/bytes_response.ts";
import type { Handler } from "../../src/http/handler.ts";
import { serveHttp } from "../../src/http/node_server.ts";
import { takeOver } from "../../src/http/upgrade.ts";
import { EC, makePair } from "../support/certificate.ts";
import { listen, type Listening } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const pair = await makePair(...EC);

/** The same as `listen`, over TLS. */
async function listenTls(handler: Handler, options: Parameters<typeof listen>[1] = {}): Promise<Listening> {
  const listening = await listen(handler, { tls: pair, ...options });
  return { ...listening, url: listening.url.replace("http:", "https:") };
}

function portOf(server: Listening): number {
  return Number(new URL(server.url).port);
}

/** Asks over TLS, and trusts the certificate. */
async function ask(url: string, init: RequestInit = {}, cert = pair.cert): Promise<Response> {
  using client = Deno.createHttpClient({ caCerts: [cert], poolMaxIdlePerHost: 0 });
  const response = await within("an answer", fetch(url, { ...init, client }));
  return new Response(await within("its body", response.arrayBuffer()), response);
}

/** A connection over TLS, when its handshake is done. */
async function connect(server: Listening): Promise<TLSSocket> {
  const socket = connectTls({ host: "127.0.0.1", port: portOf(server), ca: pair.cert });
  socket.on("error", () => {/* tests look at what it does to the server */});
  await within("the handshake", new Promise<void>((resolve) => socket.once("secureConnect", resolve)));
  return socket;
}

Deno.test("requests and answers go over TLS, and handlers see https", async () => {
  await using server = await listenTls(async (request, info) => {
    const text = `${request.url} ${info?.remoteAddr?.hostname} ${await request.text()}`;
    return bytesResponse(new TextEncoder().encode(text), {});
  });
  const response = await ask(`${server.url}/a?b`, { method: "POST", body: "body" });
  equal(await response.text(), `${server.url}/a?b 127.0.0.1 body`);
  deepEqual([server.accesses[0].remoteAddress, server.accesses[0].complete], ["127.0.0.1", true]);
});

Deno.test("large bodies stream both ways over TLS", async () => {
  await using server = await listenTls((request) => new Response(request.body));
  const body = crypto.getRandomValues(new Uint8Array(65_536)).toBase64().repeat(64);
  equal(await (await ask(server.url, { method: "POST", body })).text(), body);
});

Deno.test("RSA keys work as well", async () => {
  const tls = await makePair("rsa:2048");
  await using server = await listenTls(() => new Response("fine"), { tls });
  equal(await (await ask(server.url, {}, tls.cert)).text(), "fine");
});

Deno.test("a connection is taken over under TLS", async () => {
  const handler = () =>
    takeOver(({ socket, head }) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
      socket.write(head);
      socket.pipe(socket);
    });
  await using server = await listenTls(handler, { upgrade: true });
  const socket = await connect(server);
  let text = "";
  socket.on("data", (data) => text += data);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
  await until("what was sent early", () => text.endsWith("\r\n\r\nearly"));
  socket.write("later");
  await until("what was sent later", () => text.endsWith("earlylater"));
  socket.end();
  await until("the access is told", () => server.accesses.length === 1);
  equal(server.accesses[0].status, 101);
});

Deno.test("a client that speaks no TLS is cut off and hurts nobody", async () => {
  await using server = await listenTls(() => new Response("fine"));
  for (const words of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00", "\x00".repeat(100_000)]) {
    using client = await RawClient.connect(server.url);
    await client.send(words);
    await client.closeWrite();
    await client.rest();
  }
  equal(await (await ask(server.url)).text(), "fine");
});

Deno.test("clients that leave in the middle of a handshake, a head or an answer hurt nobody", async () => {
  let left = 0;
  const stream = () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      cancel: () => void left++,
    });
  await using server = await listenTls((request) => new Response(request.url.endsWith("/big") ? stream() : "fine"));
  for (let i = 0; i < 5; i++) {
    const raw = connectTcp(portOf(server), "127.0.0.1");
    raw.on("error", () => {/* it is reset by itself */});
    raw.write(Uint8Array.of(22, 3, 1, 1, 0), () => raw.resetAndDestroy());
    const silent = await connect(server);
    silent.write("GET / HTT");
    silent.destroy();
    const reader = await connect(server);
    reader.write("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    await within("the answer begins", new Promise((resolve) => reader.once("data", resolve)));
    reader.destroy();
  }
  await until("the server has noticed", () => left === 5);
  equal(await (await ask(server.url)).text(), "fine");
});

Deno.test("a client that says nothing in its handshake, or no head behind it, is let wait only so long", async () => {
  await using server = await listenTls(() => new Response("fine"), { requestHeadMs: 300 });
  using silent = await RawClient.connect(server.url);
  equal(await silent.rest(), "");
  const slow = await connect(server);
  slow.resume();
  slow.write("GET / HTT");
  await within("it is cut off", new Promise((resolve) => slow.once("close", resolve)));
});

Deno.test("connections count from their first byte, and a server that closes cuts them all", async () => {
  const server = await serveHttp(() => new Response(new ReadableStream()), {
    hostname: "127.0.0.1",
    port: 0,
    tls: pair,
    connections: 2,
  });
  const url = `https://127.0.0.1:${server.port}`;
  using silent = await RawClient.connect(url);
  const socket = await connect({ url } as Listening);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await within("the answer begins", new Promise((resolve) => socket.once("data", resolve)));
  using third = await RawClient.connect(url);
  equal(await third.rest(), "");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await within("the server closes", server.close(10));
  await within("its client is told", closed);
  equal(await silent.rest(), "");
});

Deno.test("a key that can't be used is refused at the start, and never told", async () => {
  const other = await makePair(...EC);
  const cases: [{ cert: string; key: string }, RegExp][] = [
    [{ cert: pair.cert, key: other.key }, /not the one of the certificate/],
    [{ cert: pair.cert, key: "secret nonsense" }, /private key is no PEM/],
    [{ cert: "nonsense", key: pair.key }, /certificate is no PEM/],
    [{ cert: pair.cert, key: pair.key.replaceAll("A", "B") }, /private key is no PEM/],
  ];
  for (const [tls, expected] of cases) {
    await rejects(serveHttp(() => new Response(), { hostname: "127.0.0.1", port: 0, tls }), (error: Error) => {
      match(error.message, expected);
      equal(error instanceof TypeError, true);
      const told = Deno.inspect(error);
      return tls.key.split("\n").every((line) => line.length < 8 || line.startsWith("-----") || !told.includes(line));
    });
  }
});
