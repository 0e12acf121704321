/** What becomes of a request that is passed on, or of its answer, when one side is slow, fails or leaves. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { forward, type Upstream } from "../../src/http/forward.ts";
import type { ForwardError } from "../../src/http/forward_error.ts";
import { UpstreamPool } from "../../src/http/forward_pool.ts";
import { seen } from "../support/ask.ts";
import { front, frontOf } from "../support/front.ts";
import { heldBytes } from "../support/memory.ts";
import { RawClient } from "../support/raw_client.ts";
import { answering, rawUpstream } from "../support/upstream.ts";
import { until, within } from "../support/within.ts";

const MiB = 1024 * 1024;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Deno.test("an upstream is not read faster than the client takes it", async () => {
  let given = 0;
  const piece = new Uint8Array(64 * 1024);
  const stream = () =>
    new ReadableStream({
      pull(controller) {
        given += piece.byteLength;
        controller.enqueue(piece);
        if (given === 256 * MiB) controller.close();
      },
    }, { highWaterMark: 0 });
  await using server = await frontOf(() =>
    new Response(stream(), { headers: { "content-length": String(256 * MiB) } })
  );
  const before = heldBytes();
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  await client.head();
  await until("the upstream has to wait", async () => {
    const now = given;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return now === given;
  });
  ok(given < 32 * MiB, `${given} bytes went out to a client that reads nothing`);
  let count = 0;
  let held = 0;
  for (let chunk = await client.read(); chunk; chunk = await client.read()) {
    const step = Math.floor(count / (32 * MiB));
    count += chunk.byteLength;
    if (Math.floor(count / (32 * MiB)) > step) held = Math.max(held, heldBytes() - before);
  }
  equal(count, 256 * MiB);
  ok(held < 32 * MiB, `${held} bytes were held`);
});

Deno.test("a client is not read faster than the upstream takes it", async () => {
  await using upstream = await rawUpstream();
  await using server = await front(upstream);
  using client = await RawClient.connect(server.url);
  await client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${256 * MiB}\r\n\r\n`);
  let sent = 0;
  const piece = new Uint8Array(MiB);
  const sending = (async () => {
    for (; sent < 256; sent++) await client.send(piece);
  })();
  await until("the client has to wait", async () => {
    const now = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return now === sent && upstream.connections.length === 1;
  });
  ok(sent < 48, `${sent} MiB went out to an upstream that reads nothing`);
  let count = 0;
  upstream.connections[0].socket.on("data", (data) => count += data.length);
  await within("all is sent", sending);
  await until("all has arrived", () => count > 256 * MiB);
});

Deno.test("an upstream that leaves in the middle of its answer breaks it", async () => {
  for (const length of ["Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n", "Content-Length: 9\r\n\r\npart"]) {
    for (const leave of ["destroy", "resetAndDestroy"] as const) {
      await using upstream = await answering(`HTTP/1.1 200 OK\r\n${length}`);
      await using server = await front(upstream);
      const response = await fetch(server.url);
      const reader = response.body!.getReader();
      equal(new TextDecoder().decode((await reader.read()).value), "part");
      equal(server.ended, 0);
      upstream.connections[0].socket[leave]();
      await rejects(within("the end", reader.read()), TypeError);
      equal(server.ended, 1);
    }
  }
});

Deno.test("when the client leaves, the upstream's connection is closed", async () => {
  await using upstream = await rawUpstream(({ received, socket }) => {
    if (received.startsWith("GET /body")) {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    }
  });
  await using server = await front(upstream);
  for (const [i, path] of ["/silent", "/body"].entries()) {
    const client = await RawClient.connect(server.url);
    await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until("it arrives", () => upstream.connections[i]?.received.endsWith("\r\n\r\n"));
    if (path === "/body") await client.head();
    client[Symbol.dispose]();
    await until("the upstream is told", () => upstream.connections[i].isClosed);
    await until("it has ended", () => server.ended === i + 1);
  }
});

Deno.test("a request whose client has left already is not sent", async () => {
  await using upstream = await rawUpstream(() => {});
  using pool = new UpstreamPool();
  for (const options of [{}, { pool }]) {
    const left = forward(new Request("http://x/", { signal: AbortSignal.abort("left") }), upstream, options);
    equal(await within("it is given up", left.catch((reason) => reason)), "left");
    const leaving = new AbortController();
    const given = forward(new Request("http://x/", { signal: leaving.signal }), upstream, options);
    leaving.abort("left");
    equal(await within("it is given up", given.catch((reason) => reason)), "left");
  }
  await until("no connection is left", () => upstream.connections.every(({ isClosed }) => isClosed));
  ok(upstream.connections.every(({ received }) => received === ""));
});

Deno.test("a body that breaks off never arrives as a whole one", async () => {
  await using upstream = await rawUpstream(() => {});
  await using server = await front(upstream);
  for (const [i, field] of ["Transfer-Encoding: chunked", "Content-Length: 9"].entries()) {
    const client = await RawClient.connect(server.url);
    const part = i === 0 ? "4\r\npart\r\n" : "part";
    await client.send(`POST / HTTP/1.1\r\nHost: x\r\n${field}\r\n\r\n${part}`);
    await until("it arrives", () => upstream.connections[i]?.received.includes("part"));
    client[Symbol.dispose]();
    await until("the upstream is told", () => upstream.connections[i].isClosed);
    match(upstream.connections[i].received, /part(\r\n)?$/);
  }
});

Deno.test("a body that is not as long as its request says is not passed on", async () => {
  await using upstream = await rawUpstream(() => {});
  for (const body of ["shrt", "much too long"]) {
    const request = new Request("http://x/", { method: "POST", body, headers: { "content-length": "9" } });
    await rejects(within("it fails", forward(request, upstream)), RangeError);
  }
  await until("the upstream is told", () => upstream.connections.every(({ isClosed }) => isClosed));
  ok(upstream.connections.every(({ received }) => !received.includes("much too long")));
});

Deno.test("an answer that comes before the body has been read is passed back, and its connection not kept", async () => {
  await using upstream = await rawUpstream(({ socket }) => {
    socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  });
  using pool = new UpstreamPool();
  await using server = await front(upstream, { pool });
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
  const head = await client.head();
  deepEqual([head.status, await client.body(head)], [413, "no"]);
  await until("the upstream's connection is closed", () => upstream.connections[0].isClosed);
  ok(!upstream.connections[0].received.includes("\r\n0\r\n"));
  equal(server.ended, 1);
});

Deno.test("who can't be reached is told apart from who breaks off and who says nothing", async () => {
  const gone = await rawUpstream();
  await gone[Symbol.asyncDispose]();
  await using breaking = await rawUpstream(({ socket }) => void socket.destroy());
  await using silent = await rawUpstream(() => {});
  const cases: [Upstream, string, boolean, number][] = [
    [gone, "connect", false, 502],
    [breaking, "broken", true, 502],
    [silent, "timeout", true, 504],
  ];
  for (const [target, reason, sent, status] of cases) {
    await using server = await front(target, { headMs: 200 });
    for (const init of [{}, { method: "POST", body: "body" }]) {
      const { body, ...answer } = await seen(server.url, init);
      equal(answer.status, status);
      match(body, /"title"/);
      const error = server.errors.pop() as ForwardError;
      deepEqual([error.reason, error.sent], [reason, sent]);
    }
    equal(server.ended, 2);
  }
});

Deno.test("an upstream that takes no connection is not waited for longer than is allowed", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }); // nobody accepts: its queue fills up
  const queued: Deno.Conn[] = [];
  const target = { host: "127.0.0.1", port: listener.addr.port };
  try {
    for (let isFull = false; !isFull;) {
      const connecting = new AbortController();
      const timer = setTimeout(() => connecting.abort(), 300);
      try {
        queued.push(await Deno.connect({ hostname: target.host, port: target.port, signal: connecting.signal }));
      } catch {
        isFull = true; // it was given up
      }
      clearTimeout(timer);
    }
    await rejects(forward(new Request("http://x/"), target, { connectMs: 200 }), (error: ForwardError) => {
      return error.reason === "connect" && !error.sent;
    });
  } finally {
    for (const connection of queued) connection.close();
  }
});

Deno.test("an answer that is none of HTTP is a 502", async () => {
  const answers = {
    "no HTTP at all": "SSH-2.0-OpenSSH_9\r\n",
    "a status that there is none of": "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n",
    "an upgrade that nobody asked for": "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    "a coding that we can't take off": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a length and chunks": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a field that is split": "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "a head without end": `HTTP/1.1 200 OK\r\nX: ${"x".repeat(100_000)}`,
  };
  for (const [name, answer] of Object.entries(answers)) {
    await using upstream = await answering(answer);
    await using server = await front(upstream);
    equal((await seen(server.url)).status, 502, name);
    equal((server.errors[0] as ForwardError).reason, "broken", name);
    await until("its connection is closed", () => upstream.connections[0].isClosed);
    equal(server.ended, 1, name);
  }
});

Deno.test("connections are kept, and closed when nobody has used them for a while", async () => {
  await using upstream = await answering(OK);
  using pool = new UpstreamPool({ idleMs: 300 });
  await using server = await front(upstream, { pool });
  for (let i = 0; i < 5; i++) deepEqual(await seen(server.url), { status: 200, body: "ok" });
  equal(upstream.connections.length, 1);
  await until("it is closed", () => upstream.connections[0].isClosed);
  equal((await seen(server.url)).status, 200);
});

Deno.test("a kept connection may be quiet in the middle of an answer for longer than it is kept", async () => {
  await using upstream = await answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npa");
  using pool = new UpstreamPool({ idleMs: 100 });
  await using server = await front(upstream, { pool });
  const response = await fetch(server.url);
  await new Promise((resolve) => setTimeout(resolve, 400));
  upstream.connections[0].socket.write("rt");
  equal(await response.text(), "part");
});

Deno.test("a request that met a closing connection is sent again only when that does no harm", async () => {
  const cases: [RequestInit, number][] = [
    [{}, 200],
    [{ method: "PUT" }, 200],
    [{ method: "POST" }, 502],
    [{ method: "POST", body: "body" }, 200], // on a connection of its own
  ];
  for (const [init, status] of cases) {
    // It answers the first request of the first connection, and closes that at its second.
    await using closing = await rawUpstream((connection, count) => {
      if (!/\r\n\r\n$|body$/.test(connection.received)) return;
      if (count === 1 && connection.socket.bytesWritten > 0) return void connection.socket.destroy();
      connection.socket.write(OK);
    });
    using pool = new UpstreamPool();
    await using server = await front(closing, { pool });
    equal((await seen(server.url)).status, 200);
    equal((await seen(server.url, init)).status, status, `${init.method} ${init.body}`);
    if (status !== 200) equal((server.errors[0] as ForwardError).sent, true);
    equal(closing.connections.length, status === 200 ? 2 : 1);
    equal(server.ended, 2);
  }
});

Deno.test("a large body is sent whole where connections are kept", async () => {
  using pool = new UpstreamPool();
  await using server = await frontOf(async (request) => {
    let count = 0;
    for await (const chunk of request.body ?? []) count += chunk.byteLength;
    return new Response(String(count));
  }, { pool });
  for (let i = 0; i < 3; i++) {
    equal((await seen(server.url)).body, "0");
    equal((await seen(server.url, { method: "POST", body: new Uint8Array(32 * MiB) })).body, String(32 * MiB));
  }
});
