/** The environment of a program: an allow-list of the server's, the operator's, and the request as CGI/1.1 variables. */

import type { RequestUser, TraceContext } from "../http/handler.ts";
import type { Parameters } from "../http/parameters.ts";
import type { UploadedFile } from "../http/multipart.ts";
import { limits } from "../limits.ts";

/** Variables of the server that a program may see: where commands and homes are, and the locale. No secret has these names. */
const ALLOWED = new Set(["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"]);

/** Grammar of a parameter that gets a variable of its own. */
const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** Variables that every request sets. Others depend on what it has, and may be given a value for where it has none. */
const REQUEST_VARIABLES = [
  "GATEWAY_INTERFACE",
  "PATH_INFO",
  "QUERY_STRING",
  "REMOTE_ADDR",
  "REMOTE_HOST",
  "REQUEST_ID",
  "REQUEST_METHOD",
  "REQUEST_SCHEME",
  "REQUEST_URI",
  "SCRIPT_NAME",
  "SERVER_NAME",
  "SERVER_PORT",
  "SERVER_PROTOCOL",
  "SERVER_SOFTWARE",
] as const;

/** True for a variable that every request sets, whatever the operator says. */
export function isRequestVariable(name: string): boolean {
  return (REQUEST_VARIABLES as readonly string[]).includes(name);
}

/** What a program is told of its request. */
export interface RequestFacts {
  readonly id: string;
  readonly request: Request;
  readonly url: URL;
  /** Where the program is mounted, without a slash at the end. */
  readonly mount: string;
  /** The decoded path below the mount. */
  readonly pathInfo: string;
  readonly remoteAddress: string;
  readonly query: Parameters;
  readonly params: Parameters;
  readonly files: Record<string, UploadedFile | UploadedFile[]>;
  readonly json: unknown;
  /** Length of the body in bytes, where it is known. */
  readonly contentLength: number | undefined;
  /** The trace that the program is a part of; undefined for none. */
  readonly trace?: TraceContext;
  /** Who was let in; undefined where nobody was asked for a proof. */
  readonly user?: RequestUser;
}

/** The server's variables that every program sees. */
export function inheritedEnvironment(env: Record<string, string> = Deno.env.toObject()): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => ALLOWED.has(name) || /^LC_[A-Z]+$/.test(name)),
  );
}

/** The whole request as one line of JSON, as docs/programs.md describes it. */
export function requestJson(facts: RequestFacts): string {
  const json = JSON.stringify({
    id: facts.id,
    method: facts.request.method,
    url: facts.request.url,
    path: facts.url.pathname,
    headers: Object.fromEntries(facts.request.headers),
    remoteAddress: facts.remoteAddress,
    user: facts.user,
    query: facts.query,
    params: facts.params,
    files: facts.files,
    body: facts.json,
  });
  // JSON can carry half of a surrogate pair, which no UTF-8 can: strict parsers would fail on what a client sent.
  return json.replace(LONE_SURROGATE, "$1\\ufffd");
}

/** `JSON.stringify` escapes no surrogate but a lone one; the backslashes before are pairs. */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** The CGI/1.1 variables of a request (RFC 3875 §4.1), and one for each parameter. Oversized values are left out. */
export function requestVariables(facts: RequestFacts): Record<string, string> {
  const { request, url } = facts;
  const always: Record<typeof REQUEST_VARIABLES[number], string> = {
    GATEWAY_INTERFACE: "CGI/1.1",
    PATH_INFO: facts.pathInfo,
    QUERY_STRING: url.search.slice(1),
    REMOTE_ADDR: facts.remoteAddress,
    REMOTE_HOST: facts.remoteAddress,
    REQUEST_ID: facts.id,
    REQUEST_METHOD: request.method,
    REQUEST_SCHEME: url.protocol.slice(0, -1),
    REQUEST_URI: url.pathname + url.search,
    SCRIPT_NAME: facts.mount,
    SERVER_NAME: url.hostname,
    SERVER_PORT: url.port || (url.protocol === "https:" ? "443" : "80"),
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "sluice",
  };
  const env: Record<string, string> = { ...always };
  if (url.protocol === "https:") env.HTTPS = "on";
  if (facts.contentLength !== undefined) env.CONTENT_LENGTH = String(facts.contentLength);
  if (facts.user) {
    env.AUTH_TYPE = facts.user.scheme;
    env.REMOTE_USER = facts.user.name;
  }
  if (facts.trace) env.TRACEPARENT = facts.trace.traceparent;
  if (facts.trace?.tracestate !== undefined) env.TRACESTATE = facts.trace.tracestate;
  const type = request.headers.get("content-type");
  if (type !== null) env.CONTENT_TYPE = type;
  for (const [name, value] of request.headers) {
    const variable = headerVariable(name);
    if (variable) env[variable] = value;
  }
  for (const [name, value] of Object.entries(facts.params)) {
    if (PARAMETER_NAME.test(name)) env[`PARAM_${name}`] = typeof value === "string" ? value : JSON.stringify(value);
  }
  return withinBounds(env);
}

/** Name of the variable for a header; undefined for those that must not be passed so. */
function headerVariable(name: string): string | undefined {
  // Proxy would become HTTP_PROXY, which HTTP clients obey (httpoxy); x_y would pose as x-y.
  if (name === "proxy" || name === "content-type" || name === "content-length" || !/^[a-z0-9-]+$/.test(name)) return;
  return "HTTP_" + name.toUpperCase().replaceAll("-", "_");
}

function withinBounds(env: Record<string, string>): Record<string, string> {
  let budget: number = limits.envBytes;
  const kept: Record<string, string> = {};
  for (const name in env) {
    const value = env[name];
    // UTF-8 takes at most three bytes for a unit of UTF-16; counting exactly is only worth it near the bound.
    const bytes = value.length * 3 <= limits.envValueBytes ? value.length : new TextEncoder().encode(value).byteLength;
    if (bytes > limits.envValueBytes || value.includes("\0")) continue;
    budget -= name.length + bytes;
    if (budget >= 0) kept[name] = value;
  }
  return kept;
}
