/**
 * Keeps web pages of other places out. A server without tokens trusts whoever can connect; a page on the internet can,
 * through the browser of somebody who is on this machine: by a request across origins, or by a name of its own that it
 * lets point to this machine.
 */

import type { Handler } from "./handler.ts";
import { problem } from "./problem.ts";
import { fieldOfRequest } from "./served_request.ts";

/**
 * Refuses requests that a page of another place caused, through the browser of somebody who can reach this server.
 *
 * @param origins those that may ask besides pages of this machine and those under an IP address of the server, such as
 *   `https://app.example`; `*` for all
 * @param names hosts that are the server's own, under whatever port: nobody else can let them point elsewhere
 * @returns a handler that answers 403 to them
 * @throws {TypeError} for an origin that is none
 *
 * @example A server of this machine
 * ```ts
 * import { guardOrigins } from "@sluice/sluice";
 *
 * const handler = guardOrigins(() => new Response("hello"));
 * const headers = { origin: "https://elsewhere.example" };
 * console.log((await handler(new Request("http://127.0.0.1/", { headers }))).status); // 403
 * ```
 */
export function guardOrigins(
  handler: Handler,
  origins: readonly string[] = [],
  names: readonly string[] = [],
): Handler {
  if (origins.includes("*")) return handler;
  const allowed = new Set(origins.map((origin) => new URL(origin).origin));
  const hosts = new Set([...allowed].map((origin) => new URL(origin).host));
  const own = new Set(names.map((name) => name.toLowerCase()));
  return (request, info) => {
    const host = hostOf(request.url);
    if (!isAddress(host) && !hosts.has(host) && !own.has(nameOf(host))) {
      return refuse(`The server is not known as ${host}: allow it with --origin http://${host}`);
    }
    const origin = fieldOfRequest(request, "origin");
    if (origin !== null && !isOfServer(origin, host) && !allowed.has(origin)) {
      return refuse(`Pages of ${origin} may not ask: allow them with --origin ${origin}`);
    }
    return handler(request, info);
  };
}

function refuse(detail: string): Response {
  return problem(403, detail, { headers: { vary: "origin" } });
}

/** Host and port of an absolute URL. */
function hostOf(url: string): string {
  const start = url.indexOf("//") + 2;
  const end = url.slice(start).search(/[/?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}

/** A host without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, "").toLowerCase();
}

/** A host that nobody else can let point to this machine. */
function isAddress(host: string): boolean {
  return /^(?:localhost|[^:]*\.localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d+)?$/i.test(host);
}

/** True for pages of the server itself, and of this machine. */
function isOfServer(origin: string, host: string): boolean {
  const at = hostOf(origin);
  return origin.startsWith("http") && (at === host || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/.test(at));
}
