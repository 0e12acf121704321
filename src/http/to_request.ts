/** A request of node:http as a `Request`, once it is known to mean the same to all who read it. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError } from "../errors.ts";
import type { IncomingBody } from "./incoming_body.ts";
import { servedRequest } from "./served_request.ts";

/** Where the server listens, for requests that don't say what they want to reach. */
interface OwnAddress {
  readonly hostname: string;
  readonly port: number;
  /** There when it speaks TLS. */
  readonly tls?: unknown;
}

/** Methods that the Fetch standard lets nobody make a request with. */
const IMPOSSIBLE_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);

/**
 * Makes the request for a handler.
 *
 * @throws {HttpError} when it is none that can be passed on
 */
export function toRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: IncomingBody | undefined,
  options: OwnAddress,
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

function toUrl(incoming: IncomingMessage, options: OwnAddress): string {
  const target = incoming.url ?? "/";
  const scheme = options.tls ? "https" : "http";
  const host = incoming.headers.host ?? `${options.hostname}:${options.port}`;
  try {
    if (!/^[^\s/?#@\\]+$/.test(host)) throw new TypeError("not a host");
    // Only the path is taken from a target in absolute form, as a server does that is no proxy (RFC 9112 §3.2.2).
    if (target.startsWith("/")) return new URL(`${scheme}://${host}${target}`).href;
    if (target === "*" && incoming.method === "OPTIONS") return new URL(`${scheme}://${host}/`).href;
    const { protocol, pathname, search } = new URL(target);
    if (protocol !== "http:" && protocol !== "https:") throw new TypeError("not a target of ours");
    return new URL(`${scheme}://${host}${pathname}${search}`).href;
  } catch (cause) {
    throw new HttpError(400, "The request target or the Host header is malformed", { cause });
  }
}
