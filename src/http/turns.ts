/**
 * Requests of one connection take turns, as RFC 9112 §9.3.2 asks for those that may change something, and one behind an
 * answer that was the connection's last is never looked at (§9.6): what a forged length left over would be such a one.
 * The parser gives all requests that have come at once, and goes on while the first is under way.
 */

import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers";
import type { Connection, Turn } from "./connections.ts";

/** Requests that may wait; then no more is read until there is room. */
const WAITING_MAX = 64;

/** Where node:http notes that the connection ends behind an answer. */
type Ending = ServerResponse & { readonly _last?: boolean };

/** Runs it now, or when those before have had their answers; never, behind the last of its connection. */
export function take(turn: Turn, connection: Connection, socket: Socket): void {
  if (connection.isEnding) return;
  if (connection.requests === 0 && connection.waiting.length === 0) return run(turn, connection, socket);
  connection.waiting.push(turn);
  if (connection.waiting.length >= WAITING_MAX) hold(socket);
}

function run(turn: Turn, connection: Connection, socket: Socket): void {
  connection.requests++;
  turn.run().then(() => {
    connection.requests--;
    const outgoing: Ending | undefined = turn.outgoing;
    if (!outgoing || outgoing._last) end(connection);
    else if (connection.waiting.length > 0) next(outgoing, connection, socket);
  }, () => socket.destroy()); // whatever nobody foresaw ends the connection it happened on, and not the process
}

function end(connection: Connection): void {
  connection.isEnding = true;
  connection.waiting.length = 0;
}

/** Runs the one behind an answer. What a client has not taken yet keeps more from being made for it. */
function next(outgoing: ServerResponse, connection: Connection, socket: Socket): void {
  if (!outgoing.destroyed) return void outgoing.once("close", () => next(outgoing, connection, socket));
  // Others get their turn too: a client may send thousands at once.
  setImmediate(() => {
    if (socket.destroyed) return end(connection);
    const turn = connection.waiting.shift()!;
    if (connection.waiting.length < WAITING_MAX) letGo(socket);
    run(turn, connection, socket);
  });
}

/** Reads no more. node:http would read on behind each request and each answer: it is kept from that. */
function hold(socket: Socket): void {
  if (Object.hasOwn(socket, "resume")) return;
  socket.pause();
  Object.defineProperty(socket, "resume", { value: () => socket, configurable: true });
}

function letGo(socket: Socket): void {
  if (!Object.hasOwn(socket, "resume")) return;
  Reflect.deleteProperty(socket, "resume");
  socket.resume();
}
