/**
 * Carries handlers on node:http. `Deno.serve` takes the rest of a request's body into memory once the answer has begun,
 * and waits for ever for a client's head; node:http keeps back-pressure both ways, has limits for slow clients, and sends
 * trailers.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { clearImmediate, setImmediate } from "node:timers";
import { type Chunk, fromReadableStream, type Source, toReadableStream } from "../bytes/source.ts";
import { HttpError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Handler } from "./handler.ts";
import { IncomingBody } from "./incoming_body.ts";
import { errorResponse } from "./problem.ts";
import { trailersOf } from "./trailers.ts";

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

/** How often node:http looks for connections that are too slow, milliseconds. */
const CHECK_MS = 1000;

/**
 * Serves a handler.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken
 */
export async function serveHttp(handler: Handler, options: ServeOptions): Promise<HttpServer> {
  const server = createServer({
    maxHeaderSize: limits.requestHeadBytes,
    headersTimeout: options.requestHeadMs ?? limits.requestHeadMs,
    requestTimeout: 0, // a body may take as long as it moves: the pump below watches it
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: CHECK_MS,
    noDelay: true,
  }, (incoming, outgoing) => {
    exchange(handler, incoming, outgoing, options);
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    if (sockets.size >= (options.connections ?? Infinity)) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      reject(error.code === "EADDRINUSE" ? new Deno.errors.AddrInUse(`Port ${options.port} is taken`) : error);
    });
    server.listen({ host: options.hostname, port: options.port, reusePort: options.reusePort ?? false }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    hostname: options.hostname,
    port,
    close: async (graceMs, hurry) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = () => sockets.forEach((socket) => socket.destroy());
      const patience = setTimeout(cut, graceMs);
      hurry?.addEventListener("abort", cut, { once: true });
      await closed;
      clearTimeout(patience);
      hurry?.removeEventListener("abort", cut);
    },
  };
}

/** One request and its answer. It never rejects: whatever fails ends in an answer or in a cut connection. */
async function exchange(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  options: ServeOptions,
): Promise<void> {
  const started = performance.now();
  const remote = incoming.socket;
  const remoteAddress = (remote.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
  const gone = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  const body = new IncomingBody(incoming, options.requestBodyIdleMs ?? limits.requestBodyIdleMs);
  let response: Response;
  try {
    const request = toRequest(incoming, body, gone.signal, options);
    const remoteAddr = { transport: "tcp" as const, hostname: remoteAddress, port: remote.remotePort ?? 0 };
    response = await handler(request, { remoteAddr });
  } catch (error) {
    response = errorResponse(error, options);
  }
  const sent = { bytes: 0 };
  const complete = await send(response, incoming, outgoing, body, sent);
  options.onAccess?.({
    method: incoming.method ?? "",
    url: incoming.url ?? "",
    status: response.status,
    bytes: sent.bytes,
    durationMs: performance.now() - started,
    remoteAddress,
    requestId: response.headers.get("x-request-id") ?? undefined,
    complete,
  });
}

/** Methods that the Fetch standard lets nobody make a request with. */
const IMPOSSIBLE_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);

function toRequest(incoming: IncomingMessage, body: IncomingBody, signal: AbortSignal, options: ServeOptions): Request {
  const method = incoming.method ?? "GET";
  if (IMPOSSIBLE_METHODS.has(method)) throw new HttpError(501, `The method ${method} is not supported`);
  const url = toUrl(incoming, options);
  const headers = new Headers();
  const { rawHeaders } = incoming;
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i], rawHeaders[i + 1]);
    if (rawHeaders[i].toLowerCase() === "host") hosts++;
  }
  // Whoever stands before us may have gone by the other one (RFC 9112 §3.2).
  if (hosts > 1) throw new HttpError(400, "The request has more than one Host header");
  const coding = headers.get("transfer-encoding") ?? "chunked";
  if (coding.toLowerCase() !== "chunked") throw new HttpError(501, "The only transfer coding supported is chunked");
  const hasBody = method !== "GET" && method !== "HEAD" &&
    (headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > 0);
  return new Request(url, {
    method,
    headers,
    signal,
    body: hasBody ? toReadableStream(body) : null,
    duplex: "half",
  } as RequestInit);
}

function toUrl(incoming: IncomingMessage, options: ServeOptions): URL {
  const target = incoming.url ?? "/";
  const host = incoming.headers.host ?? `${options.hostname}:${options.port}`;
  try {
    if (!/^[^\s/?#@\\]+$/.test(host)) throw new TypeError("not a host");
    // Only the path is taken from a target in absolute form, as a server does that is no proxy (RFC 9112 §3.2.2).
    if (target.startsWith("/")) return new URL(`http://${host}${target}`);
    if (target === "*" && incoming.method === "OPTIONS") return new URL(`http://${host}/`);
    const { protocol, pathname, search } = new URL(target);
    if (protocol !== "http:" && protocol !== "https:") throw new TypeError("not a target of ours");
    return new URL(`http://${host}${pathname}${search}`);
  } catch (cause) {
    throw new HttpError(400, "The request target or the Host header is malformed", { cause });
  }
}

/** Fields that mean something before the body only (RFC 9110 §6.5.1). */
const FORBIDDEN_TRAILERS = new Set([
  ...[
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
  ],
  ...["host", "location", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "www-authenticate"],
]);

/** Sends an answer; true when all of it went out. A body that breaks ends the connection, so that it shows. */
async function send(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: IncomingBody,
  sent: { bytes: number },
): Promise<boolean> {
  const content = response.body ? fromReadableStream(response.body) : undefined;
  try {
    // Trailers need chunked coding, which HTTP/1.0 and answers without a body have not.
    const trailers = incoming.httpVersion === "1.1" && incoming.method !== "HEAD" ? trailersOf(response) : undefined;
    if (!trailers) response.headers.delete("trailer");
    outgoing.writeHead(response.status, rawHeaders(response.headers));
    if (content && incoming.method !== "HEAD") {
      for (let chunk = await firstChunk(content, outgoing); chunk; chunk = await content.read()) {
        sent.bytes += chunk.byteLength;
        if (!outgoing.write(chunk) && !await drained(outgoing)) throw new Error("The client has left");
      }
    } else content?.cancel();
    if (trailers) outgoing.addTrailers([...await trailers].filter(([name]) => !FORBIDDEN_TRAILERS.has(name)));
    outgoing.end();
    if (!incoming.complete) body.cancel();
    return true;
  } catch (error) {
    content?.cancel(error);
    // To HTTP/1.0 the end of the connection is the end of the body: only a reset says that something is missing.
    if (incoming.httpVersion === "1.0") incoming.socket.resetAndDestroy();
    else outgoing.destroy();
    return false;
  }
}

/** Reads the beginning of a body. When it does not come at once, the head goes out ahead of it. */
async function firstChunk(content: Source, outgoing: ServerResponse): Promise<Chunk> {
  const flush = setImmediate(() => outgoing.flushHeaders());
  try {
    return await content.read();
  } finally {
    clearImmediate(flush);
  }
}

function rawHeaders(headers: Headers): string[] {
  const raw: string[] = [];
  for (const [name, value] of headers) raw.push(name, value);
  return raw;
}

/** Waits for room; false when the client has left, or takes nothing for too long. */
function drained(outgoing: ServerResponse): Promise<boolean> {
  if (outgoing.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (room: boolean) => {
      clearTimeout(stalled);
      outgoing.off("drain", onDrain);
      outgoing.off("close", onClose);
      resolve(room);
    };
    const onDrain = () => end(true);
    const onClose = () => end(false);
    const stalled = setTimeout(onClose, limits.responseStallMs);
    outgoing.on("drain", onDrain);
    outgoing.on("close", onClose);
  });
}
