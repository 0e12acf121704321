/**
 * Carries handlers on node:http. `Deno.serve` takes the rest of a request's body into memory once the answer has begun,
 * and waits for ever for a client's head; node:http keeps back-pressure both ways, has limits for slow clients, and sends
 * trailers.
 */

import type { Buffer } from "node:buffer";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ClientDoor } from "../client_door.ts";
import { limits } from "../limits.ts";
import { Connections } from "./connections.ts";
import { mayHideMore } from "./declined_upgrade.ts";
import { exchange } from "./exchange.ts";
import type { Handler } from "./handler.ts";
import { listen, makeServer, type Place } from "./make_server.ts";
import { answerLast, refusalOf, refuse } from "./refusal.ts";
import { type Front, type ServeOptions, settle } from "./serve_options.ts";
import { take } from "./turns.ts";
import { exchangeOrHandOver } from "./upgrade_exchange.ts";

export type { Access, OnAccess } from "./access.ts";
export type { ServeOptions } from "./serve_options.ts";

/** A server that accepts connections. Disposing it closes it. */
export interface HttpServer extends AsyncDisposable {
  /** The address it listens on; empty on a socket of the file system. */
  readonly hostname: string;
  /** The port it was given; 0 on a socket of the file system. */
  readonly port: number;
  /** The socket it listens on; undefined on a port. */
  readonly path: string | undefined;
  /**
   * Stops accepting, closes idle connections, and waits for the requests under way, whose answers are the last of their
   * connections.
   *
   * @param graceMs after so many milliseconds, connections are cut; 10,000 by default
   * @param hurry cuts them when it aborts
   */
  close(graceMs?: number, hurry?: AbortSignal): Promise<void>;
}

/** How often connections are looked at that are too slow, or idle, milliseconds; more often where less is allowed. */
const CHECK_MS = 1000;

/**
 * Serves a handler on node:http, with back-pressure in both directions, and limits for slow clients.
 *
 * @returns when it accepts connections
 * @throws {Deno.errors.AddrInUse} when the port is taken, or somebody listens on the socket
 * @throws {Deno.errors.AlreadyExists} when at its path there is something else
 * @throws {TypeError} when the certificate and its key can't be used, the path is too long, or there are two places to
 * listen on
 * @throws {RangeError} when a bound is none
 *
 * @example Serve a handler, and ask it
 * ```ts
 * import { serveHttp } from "@sluice/sluice";
 *
 * await using server = await serveHttp(() => new Response("hello"));
 * const response = await fetch(`http://127.0.0.1:${server.port}/`);
 * console.log(await response.text()); // hello
 * ```
 */
export async function serveHttp(handler: Handler, options: ServeOptions = {}): Promise<HttpServer> {
  const front = settle(handler, options);
  const checkMs = Math.min(CHECK_MS, front.requestHeadMs, front.keepAliveMs || CHECK_MS);
  const server = makeServer(front, options, checkMs);
  const connections = new Connections(front.keepAliveMs);
  // Under TLS these are the ones below: of a connection whose handshake fails, nothing else is known.
  const accepted = options.tls ? new Connections() : connections;
  const door = new ClientDoor();
  server.on("connection", (socket: Socket) => {
    if (accepted.size >= (options.connections ?? Infinity)) return void socket.destroy();
    if (door.admit(socket)) accepted.add(socket);
  });
  if (options.tls) {
    server.on("secureConnection", (socket: Socket) => {
      if (front.isClosing) return void socket.destroySoon();
      connections.add(socket);
    });
  }
  receive(server, front, connections, options.upgrade ?? false);
  const place = await listen(server, options);
  front.authority = authorityOf(place);
  const looking = setInterval(() => connections.closeIdle(checkMs), checkMs);
  const close = async (graceMs: number = limits.closeGraceMs, hurry?: AbortSignal) => {
    front.isClosing = true;
    try {
      await closeServer(server, [connections, accepted], graceMs, hurry);
    } finally {
      clearInterval(looking);
      place.leave();
    }
  };
  const { hostname, port, path } = place;
  return { hostname, port, path, close, [Symbol.asyncDispose]: () => close() };
}

/** Takes what comes on the connections. */
function receive(server: Server, front: Front, connections: Connections, upgrade: boolean): void {
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { socket } = incoming;
    const connection = connections.get(socket);
    if (!connection) return;
    const isLast = mayHideMore(incoming, connection.incoming === undefined);
    if (isLast) outgoing.shouldKeepAlive = false;
    connection.incoming = incoming;
    take({ outgoing, run: () => exchange(front, incoming, outgoing, connection) }, connection, socket);
    connection.isEnding ||= isLast;
  };
  server.on("request", onRequest);
  server.on("checkExpectation", onRequest); // it is refused as a request, and told of
  server.on("clientError", (error: Error, socket: Socket) => {
    const connection = connections.get(socket);
    const refusal = refusalOf(error, front);
    if (connection && refusal) refuse(front, refusal, connection, socket);
    else socket.destroy();
  });
  server.on("connect", (incoming: IncomingMessage, socket: Socket) => {
    const connection = connections.get(socket);
    const refusal = { status: 501, detail: "The method CONNECT is not supported" };
    if (connection?.requests === 0) answerLast(front, refusal, connection, socket, incoming);
    else socket.destroy(); // node:http sends no more of an answer that is under way
  });
  if (!upgrade) return;
  server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const connection = connections.get(socket);
    if (!connection || connection.isEnding) return;
    exchangeOrHandOver(front, incoming, { socket, head, connection }).catch(() => socket.destroy());
  });
}

/** What a request is taken to want that names no host. */
function authorityOf({ hostname, port, path }: Place): string {
  if (path !== undefined) return "localhost";
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

async function closeServer(
  server: Server,
  connections: readonly Connections[],
  graceMs: number,
  hurry: AbortSignal | undefined,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  for (const some of connections) some.closeUnused();
  const cut = () => connections.forEach((some) => some.cut());
  const patience = setTimeout(cut, graceMs);
  if (hurry?.aborted) cut();
  else hurry?.addEventListener("abort", cut, { once: true });
  await closed;
  clearTimeout(patience);
  hurry?.removeEventListener("abort", cut);
}
