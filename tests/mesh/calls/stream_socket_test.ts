/** Streams as sockets: bytes at the pace of their readers, ends each way, and whoever leaves is missed. */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Socket } from "node:net";
import { MeshError } from "../../../src/mesh/mesh_error.ts";
import { allOver, SWITCHED, taken } from "../../support/mesh/mesh_front.ts";
import { settle } from "../../support/mesh/manual_clock.ts";
import { until, within } from "../../support/within.ts";

const MiB = 1024 * 1024;

Deno.test("a taker finds what it knows of a connection", async () => {
  const { front, client, connection: { incoming, socket, head } } = await taken();
  await using _ = front;
  using __ = client;
  deepEqual([incoming.method, incoming.url, incoming.httpVersion, head.byteLength], ["GET", "/chat?a", "1.1", 0]);
  deepEqual(incoming.headers, {
    ...{ host: "x", "sec-websocket-key": "k", connection: "Upgrade", upgrade: "websocket" },
  });
  ok(incoming.rawHeaders.includes("sec-websocket-key"));
  equal(incoming.socket, socket);
  deepEqual([socket.remoteAddress, socket.remoteFamily, socket.connecting], ["127.0.0.1", "IPv4", false]);
  equal(socket.setNoDelay(true).setKeepAlive(true, 1000).ref().unref(), socket);
  deepEqual([socket.bytesWritten, socket.bytesRead], [SWITCHED.length, 0]);
  const bytes = new Uint8Array(3).fill(65);
  socket.write(bytes, () => bytes.fill(66)); // it may be used again
  equal(new TextDecoder().decode(await client.exactly(3)), "AAA");
  await client.send("hello");
  equal(String(await within("it comes", new Promise((resolve) => socket.once("data", resolve)))), "hello");
  equal(socket.bytesRead, 5);
  socket.end("bye");
  equal(await client.rest(), "bye");
  client[Symbol.dispose]();
  await allOver(front);
});

Deno.test("each way ends for itself", async () => {
  const { front, client, connection: { socket } } = await taken();
  await using _ = front;
  using __ = client;
  const ended = new Promise<void>((resolve) => socket.once("end", resolve));
  socket.resume();
  await client.send("last words");
  await client.closeWrite();
  await within("the taker hears the end", ended);
  equal(socket.bytesRead, 10);
  socket.write("more ");
  await client.until("more ");
  socket.end("and the end");
  equal(await client.rest(), "and the end");
  await allOver(front);
  deepEqual(front.told, ["answer", "ok"]);
});

Deno.test("whoever leaves is missed by the other", async () => {
  const leave: ((socket: Socket) => unknown)[] = [
    (socket) => socket.destroy(),
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.destroy(new Error("Broken")),
    (socket) => socket.destroySoon(),
  ];
  for (const leaving of leave) {
    const { front, client, connection: { socket } } = await taken();
    await using _ = front;
    leaving(socket);
    equal(await client.rest(), "");
    client[Symbol.dispose]();
    await allOver(front);
  }
  const { front, client, connection: { socket } } = await taken();
  await using _ = front;
  const closed = new Promise<boolean>((resolve) => socket.once("close", resolve));
  socket.resume().once("end", () => socket.end());
  client[Symbol.dispose]();
  await within("the taker is told", closed);
  await allOver(front);
});

Deno.test("what was said before one left soon still arrives", async () => {
  const { front, client, connection: { socket } } = await taken();
  await using _ = front;
  using __ = client;
  socket.write(new Uint8Array(5 * MiB));
  socket.destroySoon();
  equal((await client.rest()).length, 5 * MiB);
  client[Symbol.dispose]();
  await allOver(front);
});

Deno.test("a session that breaks ends both connections", async () => {
  const { front, client, connection: { socket } } = await taken();
  await using _ = front;
  using __ = client;
  const closed = new Promise<boolean>((resolve) => socket.once("close", resolve));
  front.a.session.destroy(new MeshError("closed", "The cable was cut"));
  equal(await client.rest(), "");
  equal(await within("the taker is told", closed), true);
  deepEqual(front.told, ["answer", "failed"]);
});

Deno.test("neither side is read faster than the other takes it", async () => {
  const { front, client, connection: { socket } } = await taken();
  await using _ = front;
  using __ = client;
  const piece = new Uint8Array(MiB);
  let given = 0;
  const give = () => {
    while (given < 64 && ++given && socket.write(piece));
    if (given < 64) socket.once("drain", give);
  };
  give();
  await until("the taker has to wait", () => isStill(() => given));
  ok(given < 32, `${given} MiB went out to a client that reads nothing`);
  for (let count = 0; count < 64 * MiB;) count += (await within("more comes", client.read()))!.byteLength;

  let sent = 0;
  const sending = (async () => {
    for (; sent < 64; sent++) await client.send(piece);
  })();
  await until("the client has to wait", () => isStill(() => sent));
  ok(sent < 32, `${sent} MiB went out to a taker that reads nothing`);
  socket.resume();
  await within("all is sent", sending);
  await until("all has come", () => socket.bytesRead === 64 * MiB);
});

async function isStill(count: () => number): Promise<boolean> {
  const before = count();
  await new Promise((resolve) => setTimeout(resolve, 200));
  return count() === before;
}

Deno.test("a socket tells when it was quiet for long, and not before", async () => {
  const { front, client, connection: { socket } } = await taken();
  await using _ = front;
  using __ = client;
  let quiet = 0;
  socket.setTimeout(1000, () => quiet++);
  front.clock.pass(900);
  socket.write("x");
  front.clock.pass(900);
  equal(quiet, 0);
  front.clock.pass(100);
  equal(quiet, 1);
  socket.setTimeout(0);
  front.clock.pass(5000);
  equal(quiet, 1);
  socket.setTimeout(1000, () => quiet++);
  socket.destroy();
  await settle();
  front.clock.pass(5000);
  equal(quiet, 1);
});
