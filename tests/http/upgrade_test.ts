/** Connections that handlers take over, and requests that only look as if they offered one. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { bytesResponse } from "../../src/http/bytes_response.ts";
import { problem } from "../../src/http/problem.ts";
import type { Handler } from "../../src/http/handler.ts";
import { canUpgrade, takeOver } from "../../src/http/upgrade.ts";
import { serveHttp } from "../../src/http/node_server.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const OFFER = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/** Takes over and sends back what comes. */
function echo(sockets: Socket[] = []): Handler {
  return (request) => {
    if (!canUpgrade(request)) return new Response(`plain ${request.method} ${request.headers.get("upgrade")}`);
    return takeOver(({ socket, head }) => {
      sockets.push(socket);
      socket.write(SWITCHED);
      socket.write(head);
      socket.pipe(socket);
    });
  };
}

Deno.test("a handler takes a connection over, with what the client sent right behind its head", async () => {
  await using server = await listen(echo(), { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER + "early");
  equal(await client.until("early"), SWITCHED + "early");
  await client.send("later");
  equal(await client.until("later"), "later");
  await client.closeWrite();
  equal(await client.rest(), "");
  await until("the access is told", () => server.accesses.length === 1);
  const [{ status, url, bytes, complete }] = server.accesses;
  deepEqual([status, url, bytes, complete], [101, "/a", SWITCHED.length + 10, true]);
});

Deno.test("what a client sends is not read faster than its handler takes it", async () => {
  const sockets: Socket[] = [];
  const handler = () => takeOver(({ socket }) => void sockets.push(socket));
  await using server = await listen(handler, { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  await until("it is taken over", () => sockets.length === 1);
  let sent = 0;
  const piece = new Uint8Array(1024 * 1024);
  const flood = async () => {
    for (; sent < 64; sent++) await client.send(piece);
  };
  const flooding = flood();
  await until("the client has to wait", async () => {
    const before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return before === sent;
  });
  ok(sent < 32, `${sent} MiB were taken`);
  ok(sockets[0].readableLength < piece.byteLength, `${sockets[0].readableLength} bytes are held`);
  sockets[0].resume();
  await within("all is taken", flooding);
});

Deno.test("offers of other protocols are served as ordinary requests", async () => {
  await using server = await listen(echo(), { upgrade: true });
  using client = await RawClient.connect(server.url);
  const settings = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
  await client.send(`GET / HTTP/1.1\r\nHost: x\r\n${settings}\r\n`);
  equal(await client.body(await client.head()), "plain GET h2c");
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  equal(await client.body(await client.head()), "plain GET null");
  await client.send(`POST / HTTP/1.1\r\nHost: x\r\n${settings}Content-Length: 4\r\n\r\nbody`);
  const head = await client.head();
  // What came together with its end would be lost: it is the connection's last.
  equal(head.headers["connection"], "close");
  ok((await client.rest()).includes("plain POST h2c"));
});

Deno.test("what comes together with an offer that is declined is never half a request", async () => {
  const seen: string[] = [];
  await using server = await listen((request) => {
    seen.push(new URL(request.url).pathname);
    return new Response("plain");
  });
  using client = await RawClient.connect(server.url);
  const offer = "GET /offer HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  const body = "GET /evil HTTP/1.1\r\nHost: x\r\n\r\n";
  await client.send(`${offer}POST /next HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`);
  equal((await client.head()).headers["connection"], "close");
  await client.send(body).catch(() => {/* it is closed already, as it should be */});
  await client.rest();
  deepEqual(seen, ["/offer"]);
});

Deno.test("an offer with a body, of HTTP/1.0 or with another method than GET is an ordinary request", async () => {
  await using server = await listen(echo(), { upgrade: true });
  const fields = "Host: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n";
  for (
    const [expected, head] of [
      ["plain GET", `GET / HTTP/1.1\r\n${fields}Content-Length: 4\r\n\r\nbody`],
      ["plain GET", `GET / HTTP/1.1\r\n${fields}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
      ["plain GET", `GET / HTTP/1.0\r\n${fields}\r\n`],
      ["plain POST", `POST / HTTP/1.1\r\n${fields}\r\n`],
    ]
  ) {
    using client = await RawClient.connect(server.url);
    await client.send(head);
    const answer = await client.head();
    equal(answer.status, 200, head);
    ok((await client.rest()).includes(`${expected} websocket`), head);
  }
});

Deno.test("without the option no connection is taken over, and a handler that tries is answered 501", async () => {
  const handler: Handler = (request) => {
    equal(canUpgrade(request), false);
    return takeOver(({ socket }) => void socket.destroy());
  };
  await using server = await listen(handler);
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  const head = await client.head();
  equal(head.status, 501);
  match(await client.body(head), /serveHttp/);
});

Deno.test("Deno.serve answers 501 for a handler that would take a connection over", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => takeOver(() => {}));
  const response = await fetch(`http://127.0.0.1:${server.addr.port}`);
  equal(response.status, 501);
  match(await response.text(), /serveHttp/);
});

Deno.test("an offer that is refused gets an ordinary answer, the last of its connection", async () => {
  const answers: Record<string, Handler> = {
    "401": () => problem(401, "No token"),
    "500": () => {
      throw new Error("broken");
    },
    "200": () => new Response(ReadableStream.from([new TextEncoder().encode("{}")])),
  };
  for (const [status, handler] of Object.entries(answers)) {
    await using server = await listen(handler, { upgrade: true });
    using client = await RawClient.connect(server.url);
    await client.send(OFFER + OFFER);
    const head = await client.head();
    deepEqual([head.status, head.headers["connection"]], [Number(status), "close"]);
    match(await client.rest(), /}\s*(\r\n0\r\n\r\n)?$/);
    await until("the access is told", () => server.accesses.length === 1);
    deepEqual([server.accesses[0].status, server.accesses[0].complete], [Number(status), true]);
  }
});

Deno.test("an offer behind a request whose answer is still to be made ends its connection, and no other", async () => {
  const aborted = Promise.withResolvers<void>();
  const handler: Handler = (request, info) => {
    if (!request.url.endsWith("/slow")) return echo()(request, info);
    request.signal.addEventListener("abort", () => aborted.resolve());
    return aborted.promise.then(() => new Response("too late"));
  };
  await using server = await listen(handler, { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + OFFER);
  equal(await client.rest(), "");
  await within("the slow request is told", aborted.promise);
  equal(await (await fetch(server.url)).text(), "plain GET null");
});

Deno.test("an offer behind answers that are still on their way is taken when they are out", async () => {
  const count = 20;
  const body = new Uint8Array(64 * 1024);
  let made = 0;
  const handler: Handler = (request, info) => {
    if (canUpgrade(request)) return echo()(request, info);
    made++;
    return bytesResponse(body, {});
  };
  await using server = await listen(handler, { upgrade: true });
  using client = await RawClient.connect(server.url);
  for (let i = 1; i <= count; i++) {
    await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until("an answer is made", () => made === i);
  }
  const sending = client.send(OFFER);
  for (let i = 0; i < count; i++) {
    const head = await client.head();
    equal(head.status, 200);
    await client.exactly(Number(head.headers["content-length"]));
  }
  equal(await client.until("\r\n\r\n"), SWITCHED);
  await sending;
});

Deno.test("a client that leaves an answer to its offer that has no end is noticed", async () => {
  const aborted = Promise.withResolvers<void>();
  const handler: Handler = (request) => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
        request.signal.addEventListener("abort", () => {
          controller.error(request.signal.reason);
          aborted.resolve();
        });
      },
    });
    return new Response(body);
  };
  await using server = await listen(handler, { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  await client.until("data: 1\n\n");
  await client.send("what nobody asked for");
  client[Symbol.dispose]();
  await within("its request is aborted", aborted.promise);
  await until("the access is told", () => server.accesses.length === 1);
  equal(server.accesses[0].complete, false);
});

Deno.test("an offer whose head can't be passed on is answered as any other request", async () => {
  await using server = await listen(echo(), { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER.replace("Host: x", "Host: x\r\nHost: y"));
  equal((await client.head()).status, 400);
  await client.rest();
});

Deno.test("a client that breaks a connection taken over hurts nobody", async () => {
  const sockets: Socket[] = [];
  await using server = await listen(echo(sockets), { upgrade: true });
  const { hostname, port } = new URL(server.url);
  for (let i = 0; i < 10; i++) {
    const client = connect(Number(port), hostname);
    client.on("error", () => {/* it is reset by itself */});
    client.write(OFFER + "x".repeat(1_000_000));
    await until("it is taken over", () => sockets.length === i + 1);
    client.resetAndDestroy();
  }
  await until("all are told of", () => server.accesses.length === 10);
  ok(sockets.every((socket) => socket.destroyed));
  equal(await (await fetch(server.url)).text(), "plain GET null");
});

Deno.test("a takeover that throws ends its connection only", async () => {
  const handler: Handler = (request) =>
    canUpgrade(request)
      ? takeOver(() => {
        throw new Error("broken");
      })
      : new Response("fine");
  await using server = await listen(handler, { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  equal(await client.rest(), "");
  equal(await (await fetch(server.url)).text(), "fine");
});

Deno.test("a server that closes waits for connections taken over, and cuts them in the end", async () => {
  const server = await serveHttp(echo(), { hostname: "127.0.0.1", port: 0, upgrade: true });
  const url = `http://127.0.0.1:${server.port}`;
  using first = await RawClient.connect(url);
  await first.send(OFFER);
  await first.until(SWITCHED);
  const hurry = new AbortController();
  const closed = server.close(60_000, hurry.signal);
  await first.send("still there");
  equal(await first.until("still there"), "still there");
  hurry.abort();
  await within("the server closes", closed);
  equal(await first.rest(), "");

  const next = await serveHttp(echo(), { hostname: "127.0.0.1", port: 0, upgrade: true });
  using second = await RawClient.connect(`http://127.0.0.1:${next.port}`);
  await second.send(OFFER);
  await second.until(SWITCHED);
  await within("the server closes", next.close(10));
  equal(await second.rest(), "");
});

Deno.test("connections taken over count among those that a server lets in", async () => {
  await using server = await listen(echo(), { upgrade: true, connections: 1 });
  using first = await RawClient.connect(server.url);
  await first.send(OFFER);
  await first.until(SWITCHED);
  using second = await RawClient.connect(server.url);
  equal(await second.rest(), "");
  await first.send("still there");
  equal(await first.until("still there"), "still there");
});

Deno.test("a long answer to a request that asks for WebSocket comes whole", async () => {
  const piece = new Uint8Array(64 * 1024).fill(97);
  let left = 64;
  const handler = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => left-- > 0 ? controller.enqueue(piece) : controller.close(),
      }),
      { headers: { "content-length": String(64 * piece.byteLength) } },
    );
  await using server = await listen(handler, { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  const answer = await client.rest();
  equal(answer.length - answer.indexOf("\r\n\r\n") - 4, 64 * piece.byteLength);
});
