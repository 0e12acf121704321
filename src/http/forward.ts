/**
 * Passes requests on to an HTTP/1.1 server, and its answers back: bodies stream both ways at once, with back-pressure, and
 * no byte of them is changed. It goes by node:http's client, because `fetch` decompresses and sends no trailers on.
 */

import type { IncomingMessage } from "node:http";
import { toReadableStream } from "../bytes/source.ts";
import { limits } from "../limits.ts";
import { isBodiless } from "./bodiless.ts";
import { answerWith } from "./bytes_response.ts";
import { UpstreamBody } from "./forward_body.ts";
import { ForwardError } from "./forward_error.ts";
import { exchange, StaleConnection, type UpstreamAnswer, type UpstreamCall } from "./forward_exchange.ts";
import { requestFields, responseFields } from "./forward_fields.ts";
import { oneConnection, type UpstreamPool, type UpstreamTls } from "./forward_pool.ts";
import { tunnel } from "./forward_tunnel.ts";
import { problem } from "./problem.ts";
import { fieldOfRequest, hasBody } from "./served_request.ts";
import { promiseTrailers } from "./trailers.ts";
import { canUpgrade } from "./upgrade.ts";

/** Where requests are passed on to. */
export interface Upstream {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  /** There when it speaks TLS. */
  readonly tls?: UpstreamTls;
}

/** Options of {@linkcode forward}. */
export interface ForwardOptions {
  /** Path and query that are asked for there. Default: the request's own. */
  readonly path?: string;
  /** Address of the client, for `X-Forwarded-For`. */
  readonly client?: string;
  /** Believe what the request says in `X-Forwarded-*` and `Forwarded`: only behind a proxy that sets them. */
  readonly trustForwarded?: boolean;
  /** Sent as `Host`. Default: what the client sent. */
  readonly hostField?: string;
  /** How long to wait for a connection, milliseconds. */
  readonly connectMs?: number;
  /** How long to wait for a head, for the upstream to take more of the body, and for the rest of a tunnel, milliseconds. */
  readonly headMs?: number;
  /** Where connections are kept for requests without a body. Default: each request has one of its own. */
  readonly pool?: UpstreamPool;
  /** Told once, when all is over: without an answer, at the end of its body however it ended, at the end of a tunnel. */
  readonly onEnd?: () => void;
}

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/**
 * Passes a request on. One that asks for WebSocket ends in a tunnel, on our own front.
 *
 * @throws {ForwardError} when there is no answer to pass back
 * @throws {HttpError} when the request is none that can be passed on
 * @throws what the request's body broke with, or its signal
 */
export async function forward(request: Request, target: Upstream, options: ForwardOptions = {}): Promise<Response> {
  let hasEnded = false;
  const onEnd = () => {
    if (!hasEnded) options.onEnd?.();
    hasEnded = true;
  };
  try {
    if (!asksForWebSocket(request)) return toResponse(request, await send(request, target, options), onEnd);
    if (canUpgrade(request)) return await toTunnel(request, target, options, onEnd);
  } catch (error) {
    onEnd();
    throw error;
  }
  onEnd();
  return problem(501, "This server can't pass WebSockets on: serve it with serveHttp and its option `upgrade`");
}

function asksForWebSocket(request: Request): boolean {
  return request.method === "GET" && fieldOfRequest(request, "upgrade")?.toLowerCase() === "websocket";
}

/**
 * A kept connection may have been closed by its upstream just now; what may be sent twice is sent again. A body could not
 * be, so it has a connection of its own. On a kept one, Deno's client has also been seen not to tell when there is room.
 */
async function send(request: Request, target: Upstream, options: ForwardOptions): Promise<UpstreamAnswer> {
  const call = callOf(request, target, options, false);
  if (hasBody(request) || !options.pool) return await exchange(call, oneConnection(target.tls));
  try {
    return await exchange(call, options.pool.agentFor(target.tls));
  } catch (error) {
    if (!(error instanceof StaleConnection) || !IDEMPOTENT.has(request.method)) throw error;
    return await exchange(call, oneConnection(target.tls));
  }
}

function callOf(request: Request, target: Upstream, options: ForwardOptions, upgrades: boolean): UpstreamCall {
  const { length, framing } = framingOf(request);
  const own = target.host.includes(":") ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
  return {
    request,
    host: target.host,
    port: target.port,
    isSecure: target.tls !== undefined,
    path: options.path ?? pathOf(request.url),
    fields: requestFields(request, {
      client: options.client,
      trustForwarded: options.trustForwarded,
      host: options.hostField ?? fieldOfRequest(request, "host") ?? own,
      framing: upgrades ? { connection: "Upgrade", upgrade: "websocket" } : framing,
    }),
    length,
    connectMs: options.connectMs ?? limits.upstreamConnectMs,
    headMs: options.headMs ?? limits.upstreamHeadMs,
  };
}

/** How the length of a request's body is told: by one of two fields, whatever the client told. */
function framingOf(request: Request): { length?: number; framing: Record<string, string> } {
  if (!hasBody(request)) { // to ask for the body itself would make a stream around it
    const { method } = request;
    return { framing: method === "POST" || method === "PUT" || method === "PATCH" ? { "content-length": "0" } : {} };
  }
  const isChunked = fieldOfRequest(request, "transfer-encoding") !== null;
  const told = isChunked ? null : fieldOfRequest(request, "content-length");
  if (told === null || !/^\d{1,15}$/.test(told)) return { framing: { "transfer-encoding": "chunked" } };
  return { length: Number(told), framing: { "content-length": told } };
}

/** Path and query of an absolute URL. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("#", start);
  return end === -1 ? url.slice(start) : url.slice(start, end);
}

/** Whatever an upstream answers that does not go over is an answer as any other. */
async function toTunnel(
  request: Request,
  target: Upstream,
  options: ForwardOptions,
  onEnd: () => void,
): Promise<Response> {
  const call = callOf(request, target, options, true);
  const answer = await exchange(call, oneConnection(target.tls));
  if (!answer.switched) return toResponse(request, answer, onEnd);
  const patience = { untakenMs: call.connectMs, quietMs: call.headMs };
  return tunnel({ incoming: answer.incoming, ...answer.switched }, patience, onEnd);
}

function toResponse(request: Request, answer: UpstreamAnswer, onEnd: () => void): Response {
  const { incoming, outgoing } = answer;
  const onAbort = () => incoming.destroy();
  request.signal.addEventListener("abort", onAbort);
  const trailers = Promise.withResolvers<Headers>();
  const body = new UpstreamBody(incoming, () => {
    request.signal.removeEventListener("abort", onAbort);
    // What is left of the request's body is for nobody, and its end might be taken for a whole one.
    if (!outgoing.writableEnded) outgoing.destroy();
    trailers.resolve(toHeaders(incoming.rawTrailers));
    onEnd();
  });
  const hasBody = request.method !== "HEAD" && !isBodiless(incoming.statusCode!);
  if (!hasBody) body.discard();
  const hasTrailers = hasBody && incoming.headers.trailer !== undefined;
  try {
    const response = makeResponse(request, incoming, hasBody ? body : undefined, hasTrailers);
    if (hasTrailers) promiseTrailers(response, trailers.promise);
    return response;
  } catch (cause) {
    incoming.destroy();
    throw new ForwardError("broken", { sent: true, cause });
  }
}

/** @throws {TypeError} {RangeError} when the head is none that can be passed back */
function makeResponse(
  request: Request,
  incoming: IncomingMessage,
  body: UpstreamBody | undefined,
  hasTrailers: boolean,
): Response {
  const coding = incoming.headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked") throw new TypeError(`Unknown coding ${coding}`);
  const fields = responseFields(incoming.rawHeaders, hasTrailers);
  const { statusCode: status } = incoming;
  const whole = hasTrailers ? undefined : body?.whole();
  // Most answers: one write, no stream in between, and no `Headers` where a record will do.
  if (whole) return answerWith(request, whole, { status, headers: recordOf(fields) ?? new Headers(fields) });
  const headers = new Headers(fields);
  // The length of what is not passed on, or may not be told (RFC 9110 §8.6).
  if (!body && request.method !== "HEAD" && status !== 304) headers.delete("content-length");
  return new Response(body ? toReadableStream(body) : null, { status, headers });
}

/** Fields as a record; undefined when one comes twice, as `Set-Cookie` may, or is called as what every object has. */
function recordOf(fields: readonly [string, string][]): Record<string, string> | undefined {
  const record: Record<string, string> = {};
  for (const [name, value] of fields) {
    if (name in record) return undefined;
    record[name] = value;
  }
  return record;
}

function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i < raw.length; i += 2) headers.append(raw[i], raw[i + 1]);
  return headers;
}
