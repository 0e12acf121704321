/**
 * Carries handlers on node:http. `Deno.serve` takes the rest of a request's body into memory once the answer has begun,
 * and waits for ever for a client's head; node:http keeps back-pressure both ways, has limits for slow clients, and sends
 * trailers.
 */

import type { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { limits } from "../limits.ts";
import { type Connection, Connections } from "./connections.ts";
import { fieldOf } from "./bytes_response.ts";
import type { Handler } from "./handler.ts";
import { IncomingBody } from "./incoming_body.ts";
import { errorResponse } from "./problem.ts";
import { sendResponse } from "./send_response.ts";
import { checkTlsPair, type TlsPair } from "./tls.ts";
import { toRequest } from "./to_request.ts";
import { asksForWebSocket, offerUpgrade, takeoverOf } from "./upgrade.ts";

/** What happened with one request; for an access log. */
export interface Access {
  /** Its method. */
  readonly method: string;
  /** The request target as the client sent it. */
  readonly url: string;
  /** Status of the answer; 101 when the handler took the connection over. */
  readonly status: number;
  /** Bytes of the body sent; all that were sent on a connection taken over. */
  readonly bytes: number;
  /** From the request's head to the end of its answer. */
  readonly durationMs: number;
  /** The client's. */
  readonly remoteAddress: string;
  /** `X-Request-Id` of the answer. */
  readonly requestId: string | undefined;
  /** False when the answer ended before it was whole. */
  readonly complete: boolean;
}

/** Options of {@linkcode serveHttp}. */
export interface ServeOptions {
  /** Address to listen on. */
  readonly hostname: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Let other processes listen on the same port, between which the system spreads connections. */
  readonly reusePort?: boolean;
  /** Takes each request when its answer has ended. */
  readonly onAccess?: (access: Access) => void;
  /** Show inner messages to the client. */
  readonly dev?: boolean;
  /** Connections at a time; one more is closed at once. Default: no limit. */
  readonly connections?: number;
  /** How long a client may take to send its head, milliseconds. */
  readonly requestHeadMs?: number;
  /** How long a client may send nothing of a body that is asked for, milliseconds. */
  readonly requestBodyIdleMs?: number;
  /** Handlers may take over connections of requests that ask for WebSocket, with `takeOver`. */
  readonly upgrade?: boolean;
  /** Speak TLS. */
  readonly tls?: TlsPair;
}

/** A server that accepts connections. */
export interface HttpServer {
  /** The address it listens on. */
  readonly hostname: string;
  /** The port it was given. */
  readonly port: number;
  /**
   * Stops accepting, and waits for the requests under way.
   *
   * @param graceMs after this, connections are cut
   * @param hurry cuts them when it aborts
   */
  close(graceMs: number, hurry?: AbortSignal): Promise<void>;
}

/** How often connections are looked at that are too slow, or idle, milliseconds. */
const CHECK_MS = 1000;

/** Where node:http finds what it tells clients in `Keep-Alive`. */
type Announcing = ServerResponse & { _keepAliveTimeout: number };

/**
 * Serves a handler.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken
 * @throws {TypeError} when the certificate and its key can't be used
 */
export async function serveHttp(handler: Handler, options: ServeOptions): Promise<HttpServer> {
  const connections = new Connections();
  // Under TLS these are the ones below: of a connection whose handshake fails, nothing else is known.
  const accepted = options.tls ? new Connections() : connections;
  const server = makeServer(options);
  server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const connection = connections.get(incoming.socket);
    (outgoing as Announcing)._keepAliveTimeout = limits.keepAliveMs;
    if (connection) guard(exchange(handler, incoming, outgoing, connection, options), incoming.socket);
  });
  server.on("connection", (socket: Socket) => {
    if (accepted.size >= (options.connections ?? Infinity)) return void socket.destroy();
    accepted.add(socket);
  });
  if (options.tls) server.on("secureConnection", (socket: Socket) => connections.add(socket));
  if (options.upgrade) {
    server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
      const connection = connections.get(socket);
      if (connection) guard(exchangeOrHandOver(handler, incoming, { socket, head, connection }, options), socket);
    });
  }
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const looking = setInterval(() => connections.closeIdle(CHECK_MS), CHECK_MS);
  return {
    hostname: options.hostname,
    port,
    close: async (graceMs, hurry) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = () => {
        connections.cut();
        accepted.cut();
      };
      const patience = setTimeout(cut, graceMs);
      hurry?.addEventListener("abort", cut, { once: true });
      await closed;
      clearTimeout(patience);
      clearInterval(looking);
      hurry?.removeEventListener("abort", cut);
    },
  };
}

function makeServer(options: ServeOptions): Server {
  const requestHeadMs = options.requestHeadMs ?? limits.requestHeadMs;
  const settings = {
    maxHeaderSize: limits.requestHeadBytes,
    headersTimeout: requestHeadMs,
    requestTimeout: 0, // a body may take as long as it moves: who reads it watches it
    keepAliveTimeout: 0, // a timer before and after each request; idle connections are closed by us
    connectionsCheckingInterval: CHECK_MS,
    noDelay: true,
    shouldUpgradeCallback: options.upgrade ? asksForWebSocket : () => false,
  };
  if (!options.tls) return createServer(settings);
  checkTlsPair(options.tls);
  const { cert, key } = options.tls;
  return createTlsServer({ ...settings, cert, key, handshakeTimeout: requestHeadMs });
}

function listen(server: Server, options: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      reject(error.code === "EADDRINUSE" ? new Deno.errors.AddrInUse(`Port ${options.port} is taken`) : error);
    });
    server.listen({ host: options.hostname, port: options.port, reusePort: options.reusePort ?? false }, resolve);
  });
}

/** Whatever nobody foresaw ends the connection it happened on, and not the process. */
function guard(exchanged: Promise<void>, socket: Socket): void {
  exchanged.catch(() => socket.destroy());
}

/** One request and its answer: whatever fails ends in an answer or in a cut connection. */
async function exchange(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  connection: Connection,
  options: ServeOptions,
): Promise<void> {
  const started = performance.now();
  connection.requests++;
  const body = new IncomingBody(incoming, options.requestBodyIdleMs ?? limits.requestBodyIdleMs);
  let response: Response;
  try {
    response = await ask(handler, toRequest(incoming, outgoing, body, options), connection);
  } catch (error) {
    response = errorResponse(error, options);
  }
  const sent = await sendResponse(response, incoming, outgoing);
  if (sent.complete) body.release();
  connection.requests--;
  report(incoming, connection, options, { ...sent, started, status: response.status, response });
}

/** A connection whose request asks for another protocol. */
interface Offer {
  readonly socket: Socket;
  readonly head: Buffer;
  readonly connection: Connection;
}

/** Where node:http finds the answer that a connection carries. */
type Carrying = Socket & { readonly _httpMessage?: ServerResponse | null };

/** The same for a request whose connection the handler may take over. Whatever the answer, it is the connection's last. */
async function exchangeOrHandOver(
  handler: Handler,
  incoming: IncomingMessage,
  { socket, head, connection }: Offer,
  options: ServeOptions,
): Promise<void> {
  const started = performance.now();
  socket.on("error", () => {/* "close" follows; without a listener it would end the process */});
  if (!await isFree(socket, connection)) return void socket.destroy();
  connection.requests++; // a connection taken over is never idle
  const outgoing = new ServerResponse(incoming);
  outgoing.shouldKeepAlive = false;
  outgoing.assignSocket(socket);
  let response: Response;
  try {
    const request = toRequest(incoming, outgoing, undefined, options);
    offerUpgrade(request);
    response = await ask(handler, request, connection);
  } catch (error) {
    response = errorResponse(error, options);
  }
  const takeover = takeoverOf(response);
  if (!takeover) {
    leaveWithClient(socket, outgoing);
    const sent = await sendResponse(response, incoming, outgoing);
    connection.requests--; // who takes nothing of the answer is idle
    socket.destroySoon();
    return report(incoming, connection, options, { ...sent, started, status: response.status, response });
  }
  outgoing.detachSocket(socket);
  const onClose = (failed: boolean) => {
    const sent = { complete: !failed, bytes: socket.bytesWritten };
    report(incoming, connection, options, { ...sent, started, status: 101, response });
  };
  if (socket.destroyed) onClose(true);
  else socket.once("close", onClose);
  try {
    takeover({ incoming, socket, head });
  } catch {
    socket.destroy(); // the only answer that is left
  }
}

/**
 * Waits until the answers before are out. False when one is still to be made: it might take for ever, and nothing would
 * tell that the client has left, because node:http reads no more of a connection whose request asks for an upgrade.
 */
async function isFree(socket: Carrying, connection: Connection): Promise<boolean> {
  if (connection.requests > 0) return false;
  for (let answer = socket._httpMessage; answer && !socket.destroyed; answer = socket._httpMessage) {
    await new Promise((resolve) => answer!.once("close", resolve));
  }
  return !socket.destroyed;
}

/** Reads on for node:http, which reads no more, so that a client that leaves before it has its answer is noticed. */
function leaveWithClient(socket: Socket, outgoing: ServerResponse): void {
  socket.once("end", () => {
    if (!outgoing.writableEnded) outgoing.destroy();
  });
  socket.resume();
}

async function ask(handler: Handler, request: Request, { address }: Connection): Promise<Response> {
  const response = await handler(request, { remoteAddr: address });
  if (!response) throw new TypeError(`Cannot send an answer: the handler gave ${response}`);
  return response;
}

/** What is known when an answer has ended. */
interface Ending {
  readonly status: number;
  readonly bytes: number;
  readonly complete: boolean;
  readonly started: number;
  readonly response: Response;
}

function report(incoming: IncomingMessage, connection: Connection, options: ServeOptions, ending: Ending): void {
  options.onAccess?.({
    method: incoming.method ?? "",
    url: incoming.url ?? "",
    status: ending.status,
    bytes: ending.bytes,
    durationMs: performance.now() - ending.started,
    remoteAddress: connection.address.hostname,
    requestId: fieldOf(ending.response, "x-request-id"),
    complete: ending.complete,
  });
}
