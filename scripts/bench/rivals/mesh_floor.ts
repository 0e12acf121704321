/**
 * The least that calls and bodies cost: node:net and nothing else. `mesh_floor.ts echo`, `relay PORT`, `caller PORT`,
 * `source` and `taker PORT`.
 */

import type { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import process from "node:process";
import { CALL_BYTES, callOrders, PIECE_BYTES, takeOrders } from "./mesh_orders.mjs";

/** Calls that are under way at most. */
const CALLS_MAX = 512;
/** What waits to be sent before more is written: with less, each write would wait for the other side. */
const WAITING_BYTES = 16 * PIECE_BYTES;

/** @returns its port */
async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, onConnection).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function connectTo(port: number): Socket {
  return connect({ host: "127.0.0.1", port, noDelay: true });
}

/** Calls over one connection, which are answered in their order; those of one moment are one write. */
function callerOver(socket: Socket): () => Promise<number> {
  const bytes = new Uint8Array(CALLS_MAX * CALL_BYTES).fill(0x61);
  const waiting = Array<(bytes: number) => void>(CALLS_MAX);
  let [asked, answered, unsent, come] = [0, 0, 0, 0];
  socket.on("data", (chunk: Buffer) => {
    for (come += chunk.length; come >= CALL_BYTES; come -= CALL_BYTES) waiting[answered++ % CALLS_MAX](CALL_BYTES);
  });
  const send = () => {
    socket.write(bytes.subarray(0, unsent * CALL_BYTES));
    unsent = 0;
  };
  return () =>
    new Promise((resolve) => {
      waiting[asked++ % CALLS_MAX] = resolve;
      if (unsent++ === 0) queueMicrotask(send);
    });
}

/** Sends as many bytes as it is asked for, at the pace of whoever takes them. */
async function sendTo(socket: Socket): Promise<void> {
  const [asked] = await once(socket, "data");
  const piece = new Uint8Array(PIECE_BYTES).fill(0x61);
  for (let left = Number(asked); left > 0; left -= PIECE_BYTES) {
    socket.write(piece.subarray(0, left));
    if (socket.writableLength >= WAITING_BYTES) await once(socket, "drain");
  }
  socket.end();
}

/** @returns milliseconds */
async function take(port: number, bytes: number): Promise<number> {
  const began = performance.now();
  const socket = connectTo(port);
  socket.write(String(bytes));
  let come = 0;
  socket.on("data", (chunk: Buffer) => come += chunk.length);
  await once(socket, "end");
  socket.destroy();
  if (come !== bytes) throw new Error(`${come} bytes came, not ${bytes}`);
  return performance.now() - began;
}

const [role, to] = process.argv.slice(2);
const port = Number(to);
if (role === "caller") await takeOrders(null, callOrders(callerOver(connectTo(port))));
else if (role === "taker") await takeOrders(null, { download: (bytes: number) => take(port, bytes) });
else {
  const serve: Record<string, (socket: Socket) => void> = {
    echo: (socket) => socket.pipe(socket),
    relay: (socket) => socket.pipe(connectTo(port)).pipe(socket),
    source: (socket) => void sendTo(socket),
  };
  await takeOrders(await listen(serve[role]), {});
}
