/** WebSockets that are passed on: a tunnel from the client to the upstream, with an end at each end. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { forward } from "../../src/http/forward.ts";
import type { ForwardError } from "../../src/http/forward_error.ts";
import { listen } from "../support/in_process.ts";
import { front } from "../support/front.ts";
import { RawClient } from "../support/raw_client.ts";
import { type RawUpstream, rawUpstream } from "../support/upstream.ts";
import { until, within } from "../support/within.ts";

const MiB = 1024 * 1024;
const OFFER =
  "GET /chat?a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
const SWITCHED =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: a\r\n\r\n";

/** An upstream that goes over, and says what it has to say right behind its head. */
function switching(early = ""): Promise<RawUpstream> {
  return rawUpstream(({ received, socket }) => {
    if (received.endsWith("\r\n\r\n")) socket.write(SWITCHED + early);
  });
}

Deno.test("messages of a real client and a real server go through, and so does the end", async () => {
  await using upstream = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "chat" });
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  await using server = await front({ host: "127.0.0.1", port: upstream.addr.port });
  const socket = new WebSocket(server.url.replace("http:", "ws:"), ["chat"]);
  const messages: string[] = [];
  socket.onmessage = ({ data }) => messages.push(data);
  await within("it opens", new Promise((resolve) => socket.onopen = resolve));
  equal(socket.protocol, "chat");
  equal(server.ended, 0);
  socket.send("one");
  socket.send("x".repeat(MiB));
  await until("they come back", () => messages.length === 2);
  deepEqual([messages[0], messages[1].length], ["one", MiB]);
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  socket.close(4000, "done");
  deepEqual([(await within("it closes", closed)).code], [4000]);
  await until("it has ended", () => server.ended === 1);
  await until("the access is told", () => server.accesses.length === 1);
  equal(server.accesses[0].status, 101);
});

Deno.test("what either side says right behind its head is passed on", async () => {
  await using upstream = await switching("from upstream");
  await using server = await front(upstream, { headMs: 300 });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER + "from client");
  const head = await client.head();
  deepEqual([head.status, head.headers["upgrade"], head.headers["sec-websocket-accept"]], [101, "WebSocket", "a"]);
  await client.until("from upstream");
  await until("it arrives", () => upstream.connections[0].received.endsWith("from client"));
  match(upstream.connections[0].received, /^GET \/chat\?a HTTP\/1.1\r\n/);
  match(upstream.connections[0].received, /\r\nconnection: upgrade\r\nupgrade: websocket\r\n/i);
  match(upstream.connections[0].received, /\r\nsec-websocket-key: k\r\n/);
});

Deno.test("an upstream that refuses has its answer passed back", async () => {
  await using upstream = await rawUpstream(({ socket }) => {
    socket.write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno");
  });
  await using server = await front(upstream, { headMs: 300 });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  const head = await client.head();
  deepEqual([head.status, head.headers["www-authenticate"], await client.rest()], [401, "Basic", "no"]);
  await until("it has ended", () => server.ended === 1);
});

Deno.test("an upstream that can't be reached, breaks off, says nothing or goes over to something else is told", async () => {
  const cases: [string | undefined, number, string][] = [
    [undefined, 504, "timeout"],
    ["", 502, "broken"],
    [SWITCHED.replace("WebSocket", "other"), 502, "broken"],
  ];
  for (const [words, status, reason] of cases) {
    await using upstream = await rawUpstream(({ socket }) => {
      if (words) socket.write(words);
      else if (words === "") socket.destroy();
    });
    await using server = await front(upstream, { headMs: 300 });
    using client = await RawClient.connect(server.url);
    await client.send(OFFER);
    equal((await client.head()).status, status);
    await client.rest();
    equal((server.errors[0] as ForwardError).reason, reason);
    await until("the upstream's connection is closed", () => upstream.connections[0].isClosed);
    equal(server.ended, 1);
  }
});

Deno.test("when one side leaves, the other is told", async () => {
  for (const leave of ["end", "destroy", "resetAndDestroy"] as const) {
    await using upstream = await switching();
    await using server = await front(upstream, { headMs: 300 });
    using client = await RawClient.connect(server.url);
    await client.send(OFFER);
    await client.head();
    upstream.connections[0].socket[leave]();
    equal(await client.rest(), "");
    client[Symbol.dispose]();
    await until("it has ended", () => server.ended === 1);
    await until("the access is told", () => server.accesses.length === 1);
  }
  await using upstream = await switching();
  await using server = await front(upstream, { headMs: 300 });
  const client = await RawClient.connect(server.url);
  await client.send(OFFER);
  await client.head();
  client[Symbol.dispose]();
  await until("the upstream is told", () => upstream.connections[0].isClosed);
  await until("it has ended", () => server.ended === 1);
});

Deno.test("one side may end and still hear the other", async () => {
  await using upstream = await rawUpstream((connection) => {
    if (connection.received.endsWith("\r\n\r\n")) connection.socket.write(SWITCHED);
  });
  await using server = await front(upstream, { headMs: 300 });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  await client.head();
  const { socket } = upstream.connections[0];
  socket.allowHalfOpen = true;
  const ended = new Promise((resolve) => socket.once("end", resolve));
  await client.closeWrite();
  await within("the upstream hears the end", ended);
  socket.end("last words");
  equal(await client.rest(), "last words");
});

Deno.test("an upstream that takes no notice of the client's end is given up when it is quiet", async () => {
  await using upstream = await switching();
  await using server = await front(upstream, { headMs: 1000 });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  await client.head();
  const { socket } = upstream.connections[0];
  socket.allowHalfOpen = true;
  await client.closeWrite();
  for (let i = 0; i < 6; i++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    socket.write("on and on");
  }
  equal(server.ended, 0);
  await until("it has ended", () => server.ended === 1);
  equal(await client.rest(), "on and on".repeat(6));
});

Deno.test("a client that leaves an upstream's endless refusal is noticed", async () => {
  await using upstream = await rawUpstream(({ socket }) => {
    socket.write(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    );
  });
  await using server = await front(upstream);
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  await client.until("abc");
  equal(server.ended, 0);
  client[Symbol.dispose]();
  await until("it has ended", () => server.ended === 1);
  await until("the upstream's connection is closed", () => upstream.connections[0].isClosed);
});

Deno.test("neither side is read faster than the other takes it", async () => {
  await using upstream = await switching();
  await using server = await front(upstream, { headMs: 300 });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  await client.head();
  const { socket } = upstream.connections[0];
  const piece = new Uint8Array(MiB);

  let given = 0;
  const give = () => {
    while (given < 64 && ++given && socket.write(piece));
    if (given < 64) socket.once("drain", give);
  };
  give();
  await until("the upstream has to wait", () => isStill(() => given));
  ok(given < 32, `${given} MiB went out to a client that reads nothing`);
  for (let count = 0; count < 64 * MiB;) count += (await within("more comes", client.read()))!.byteLength;

  socket.removeAllListeners("data");
  socket.pause();
  let sent = 0;
  const sending = (async () => {
    for (; sent < 64; sent++) await client.send(piece);
  })();
  await until("the client has to wait", () => isStill(() => sent));
  ok(sent < 32, `${sent} MiB went out to an upstream that reads nothing`);
  socket.on("data", () => {/* it is only read */});
  socket.resume();
  await within("all is sent", sending);
});

async function isStill(count: () => number): Promise<boolean> {
  const before = count();
  await new Promise((resolve) => setTimeout(resolve, 200));
  return count() === before;
}

Deno.test("a server that can't hand connections over says what to do", async () => {
  await using upstream = await rawUpstream();
  await using plain = await listen((request) => forward(request, upstream));
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    return forward(request, upstream);
  });
  for (const url of [plain.url, `http://127.0.0.1:${server.addr.port}`]) {
    using client = await RawClient.connect(url);
    await client.send(OFFER);
    const head = await client.head();
    equal(head.status, 501);
    match(await client.body(head), /serveHttp/);
  }
  equal(upstream.connections.length, 0);
});

Deno.test("a tunnel that nobody takes does not keep its connection to the upstream", async () => {
  await using upstream = await switching();
  await using server = await listen(async (request) => {
    await forward(request, upstream, { connectMs: 200 });
    return new Response("something else");
  }, { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  equal((await client.head()).status, 200);
  await until("the upstream's connection is closed", () => upstream.connections[0].isClosed);
});
