/** Connections that go over from HTTP to another protocol, such as WebSocket (RFC 9110 §7.8). */

import type { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { problem } from "./problem.ts";
import { originalOf } from "./served_request.ts";

/** A connection whose request was answered by taking it over. */
export interface TakenConnection {
  /** The request's head as it came. */
  readonly incoming: IncomingMessage;
  /** Nothing was sent on it yet: the 101 answer is for the taker to write. */
  readonly socket: Socket;
  /** What the client sent right behind the head. */
  readonly head: Buffer;
}

/** Takes over a connection after an upgrade (RFC 9110 §7.8). */
export type Takeover = (connection: TakenConnection) => void;

const takeovers = new WeakMap<Response, Takeover>();
const offered = new WeakSet<Request>();

/** The answer of a handler that takes over the connection of a request, where `canUpgrade(request)`. On our own front only. */
export function takeOver(takeover: Takeover): Response {
  // Sent as it is by every server that can't hand a connection over.
  const response = problem(501, "The server can't hand this connection over: serve it with serveHttp and `upgrade`");
  takeovers.set(response, takeover);
  return response;
}

/** What takes over the connection, if a response says so. */
export function takeoverOf(response: Response): Takeover | undefined {
  return takeovers.get(response);
}

/** True for a request that asks for WebSocket, and whose connection {@linkcode takeOver} can have. */
export function canUpgrade(request: Request): boolean {
  return offered.has(originalOf(request));
}

/** Marks a request whose connection can be handed over; for servers. */
export function offerUpgrade(request: Request): void {
  offered.add(request);
}

/**
 * True for a request that a server lets go over to WebSocket (RFC 6455 §4.1). Offers of other protocols are served as
 * ordinary requests, as RFC 9110 allows: `curl --http2` and Java's client make one with each first request.
 */
export function asksForWebSocket(incoming: IncomingMessage): boolean {
  const { headers, method, httpVersion } = incoming;
  // What has a body would have it taken for the first bytes of the other protocol.
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
  return method === "GET" && httpVersion === "1.1" && !hasBody && headers.upgrade?.toLowerCase() === "websocket";
}
