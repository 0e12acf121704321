/**
 * Carries handlers on node:http. `Deno.serve` takes the rest of a request's body into memory once the answer has begun,
 * and waits for ever for a client's head; node:http keeps back-pressure both ways, has limits for slow clients, and sends
 * trailers.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { HttpError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Connection, Connections } from "./connections.ts";
import { fieldOf } from "./bytes_response.ts";
import type { Handler } from "./handler.ts";
import { IncomingBody } from "./incoming_body.ts";
import { errorResponse } from "./problem.ts";
import { sendResponse } from "./send_response.ts";
import { servedRequest } from "./served_request.ts";

/** What happened with one request; for an access log. */
export interface Access {
  /** Its method. */
  readonly method: string;
  /** The request target as the client sent it. */
  readonly url: string;
  /** Status of the answer. */
  readonly status: number;
  /** Bytes of the body sent. */
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
 */
export async function serveHttp(handler: Handler, options: ServeOptions): Promise<HttpServer> {
  const connections = new Connections();
  const server = createServer({
    maxHeaderSize: limits.requestHeadBytes,
    headersTimeout: options.requestHeadMs ?? limits.requestHeadMs,
    requestTimeout: 0, // a body may take as long as it moves: who reads it watches it
    keepAliveTimeout: 0, // a timer before and after each request; idle connections are closed below
    connectionsCheckingInterval: CHECK_MS,
    noDelay: true,
  }, (incoming, outgoing) => {
    const connection = connections.get(incoming.socket);
    (outgoing as Announcing)._keepAliveTimeout = limits.keepAliveMs;
    if (connection) exchange(handler, incoming, outgoing, connection, options);
  });
  server.on("connection", (socket: Socket) => {
    if (connections.size >= (options.connections ?? Infinity)) return void socket.destroy();
    connections.add(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      reject(error.code === "EADDRINUSE" ? new Deno.errors.AddrInUse(`Port ${options.port} is taken`) : error);
    });
    server.listen({ host: options.hostname, port: options.port, reusePort: options.reusePort ?? false }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const looking = setInterval(() => connections.closeIdle(CHECK_MS), CHECK_MS);
  return {
    hostname: options.hostname,
    port,
    close: async (graceMs, hurry) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = () => connections.cut();
      const patience = setTimeout(cut, graceMs);
      hurry?.addEventListener("abort", cut, { once: true });
      await closed;
      clearTimeout(patience);
      clearInterval(looking);
      hurry?.removeEventListener("abort", cut);
    },
  };
}

/** One request and its answer. It never rejects: whatever fails ends in an answer or in a cut connection. */
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
    response = await handler(toRequest(incoming, outgoing, body, options), { remoteAddr: connection.address });
    if (!response) throw new TypeError(`Cannot send an answer: the handler gave ${response}`);
  } catch (error) {
    response = errorResponse(error, options);
  }
  const { complete, bytes } = await sendResponse(response, incoming, outgoing);
  if (complete) body.release();
  connection.requests--;
  options.onAccess?.({
    method: incoming.method ?? "",
    url: incoming.url ?? "",
    status: response.status,
    bytes,
    durationMs: performance.now() - started,
    remoteAddress: connection.address.hostname,
    requestId: fieldOf(response, "x-request-id"),
    complete,
  });
}

/** Methods that the Fetch standard lets nobody make a request with. */
const IMPOSSIBLE_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);

function toRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: IncomingBody,
  options: ServeOptions,
): Request {
  const { method, headers } = incoming;
  if (IMPOSSIBLE_METHODS.has(method!)) throw new HttpError(501, `The method ${method} is not supported`);
  const url = toUrl(incoming, options);
  // Whoever stands before us may have gone by the other one (RFC 9112 §3.2).
  if (countHosts(incoming.rawHeaders) > 1) throw new HttpError(400, "The request has more than one Host header");
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked") {
    throw new HttpError(501, "The only transfer coding supported is chunked");
  }
  const hasBody = method !== "GET" && method !== "HEAD" &&
    (coding !== undefined || Number(headers["content-length"] ?? 0) > 0);
  return servedRequest({ incoming, outgoing, url, body: hasBody ? body : undefined });
}

function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i].length === 4 && rawHeaders[i].toLowerCase() === "host") hosts++;
  }
  return hosts;
}

function toUrl(incoming: IncomingMessage, options: ServeOptions): string {
  const target = incoming.url ?? "/";
  const host = incoming.headers.host ?? `${options.hostname}:${options.port}`;
  try {
    if (!/^[^\s/?#@\\]+$/.test(host)) throw new TypeError("not a host");
    // Only the path is taken from a target in absolute form, as a server does that is no proxy (RFC 9112 §3.2.2).
    if (target.startsWith("/")) return new URL(`http://${host}${target}`).href;
    if (target === "*" && incoming.method === "OPTIONS") return new URL(`http://${host}/`).href;
    const { protocol, pathname, search } = new URL(target);
    if (protocol !== "http:" && protocol !== "https:") throw new TypeError("not a target of ours");
    return new URL(`http://${host}${pathname}${search}`).href;
  } catch (cause) {
    throw new HttpError(400, "The request target or the Host header is malformed", { cause });
  }
}
