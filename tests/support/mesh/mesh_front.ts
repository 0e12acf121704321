/** A front of our own whose requests are calls over a session in memory. */

import { deepEqual, equal } from "node:assert/strict";
import type { Handler } from "../../../src/http/handler.ts";
import { type TakenConnection, takeOver } from "../../../src/http/upgrade.ts";
import { listen, type Listening } from "../in_process.ts";
import { type CallOptions, type CallPair, callPair, leftOver } from "./call_pair.ts";
import { RawClient } from "../raw_client.ts";
import { within } from "../within.ts";

/** A client that asks for a WebSocket. */
export const OFFER =
  "GET /chat?a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
/** A server that goes over to it. */
export const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/** A front of which each request is a call. */
export interface MeshFront extends Listening, CallPair {}

/** Listens. */
export async function meshFront(handler: Handler, options: CallOptions = {}): Promise<MeshFront> {
  const pair = callPair(handler);
  const listening = await listen((request, info) => pair.fetch(request, { info, ...options }), { upgrade: true });
  return Object.assign(listening, pair);
}

/** Everything that belonged to the calls is gone, and the session goes on. */
export async function allOver(front: MeshFront): Promise<void> {
  deepEqual(await leftOver(front), []);
}

/** A connection that a handler has taken over and gone over on. */
export async function taken(
  options?: CallOptions,
): Promise<{ front: MeshFront; client: RawClient; connection: TakenConnection }> {
  const took = Promise.withResolvers<TakenConnection>();
  const front = await meshFront(() =>
    takeOver((connection) => {
      connection.socket.write(SWITCHED);
      took.resolve(connection);
    }), options);
  const client = await RawClient.connect(front.url);
  await client.send(OFFER);
  const connection = await within("it is taken", took.promise);
  equal((await client.head()).status, 101);
  return { front, client, connection };
}
