/**
 * Requests as flatend's services see them, and back: everything besides the body is a map of texts. Names are those of
 * flatend's own HTTP server: header fields in lower case, `query.NAME`, `params.NAME`. What it does not tell has names that
 * no client can send as a header field: `:method` and `:path`, as in HTTP/2; and `host`, `x-forwarded-for`.
 */

import type { RequestInfo } from "../../http/handler.ts";
import { requestFields } from "../../http/forward_fields.ts";
import { fieldOfRequest, hasBody } from "../../http/served_request.ts";
import type { Fields } from "./packets.ts";

const METHOD = ":method";
const PATH = ":path";
const QUERY = "query.";
const PARAMS = "params.";

/** What a service is told of a request. */
export function toFields(request: Request, info: RequestInfo = {}): Fields {
  const url = new URL(request.url);
  const told = fieldOfRequest(request, "content-length");
  const isKnown = hasBody(request) && told !== null && fieldOfRequest(request, "transfer-encoding") === null;
  const headers = requestFields(request, {
    client: info.remoteAddr?.hostname,
    host: fieldOfRequest(request, "host") ?? url.host,
    framing: isKnown ? { "content-length": told } : {},
  });
  const fields = new Map<string, string>();
  for (const name in headers) {
    // A client must not be able to say what a route does.
    if (!name.startsWith(QUERY) && !name.startsWith(PARAMS)) fields.set(name, headers[name]);
  }
  if (info.trace) fields.set("traceparent", info.trace.traceparent);
  if (info.trace?.tracestate) fields.set("tracestate", info.trace.tracestate);
  for (const [name, value] of url.searchParams) {
    const key = QUERY + name.toLowerCase();
    if (!fields.has(key)) fields.set(key, value); // of several the first, as flatend's server has it
  }
  for (const [name, value] of Object.entries(info.params ?? {})) {
    if (value !== undefined) fields.set(PARAMS + name.toLowerCase(), value);
  }
  return [...fields.set(METHOD, request.method).set(PATH, url.pathname + url.search)];
}

/** A request that a node of flatend makes. */
export interface PushedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The request that a service of ours is asked with: a POST to `/` where the node says nothing else. What HTTP has no way to
 * write is left out, and so is what the node says of the way that the request came.
 *
 * @param client address of the node
 * @throws {TypeError} when method or path are none
 */
export function fromFields(fields: Fields, client: string): PushedRequest {
  const headers = new Headers();
  const params: Record<string, string> = Object.create(null);
  const query = new URLSearchParams();
  let [method, path] = ["POST", ""];
  for (const [name, value] of fields) {
    if (name === METHOD) method = value;
    else if (name === PATH) path = value;
    else if (name.startsWith(QUERY)) query.append(name.slice(QUERY.length), value);
    else if (name.startsWith(PARAMS)) params[name.slice(PARAMS.length)] = value;
    else setField(headers, name, value);
  }
  if (path === "") path = query.size > 0 ? `/?${query}` : "/";
  if (!path.startsWith("/")) throw new TypeError(`Not a path: ${path}`);
  const host = authorityOf(headers.get("host"));
  headers.set("host", host);
  const asked = new Request(`http://${host}${path}`, { method, headers });
  const kept = requestFields(asked, { client, host, framing: {} });
  return { method: asked.method, url: asked.url, headers: new Headers(kept), params };
}

/** Sets a header field; one that HTTP has no way to write is left out. @returns whether it could be */
export function setField(headers: Headers, name: string, value: string): boolean {
  try {
    headers.append(name, value);
    return true;
  } catch {
    return false;
  }
}

/** The host that a request is for, if it names one. */
function authorityOf(host: string | null): string {
  const isHost = host !== null && /^[\w.-]+(?::\d{1,5})?$|^\[[\da-fA-F:.]+\](?::\d{1,5})?$/.test(host);
  return isHost && URL.canParse(`http://${host}/`) ? host : "localhost";
}
