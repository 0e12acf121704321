/** Several handlers under one: each answers the paths below its mount. */

import type { Handler } from "./handler.ts";
import { problem } from "./problem.ts";

/**
 * Makes one handler of several.
 *
 * @param mounts handlers by path prefix, such as `/api`; `""` takes what no other takes
 * @returns a handler that gives each request to the longest prefix that ends at a slash or the end of its path, else 404
 * @throws {TypeError} for a prefix that no path has
 *
 * @example Two handlers
 * ```ts
 * import { mountAll } from "@sluice/sluice";
 *
 * const handler = mountAll({ "/ping": () => new Response("pong"), "": () => new Response("home") });
 * console.log(await (await handler(new Request("http://localhost/ping"))).text()); // pong
 * console.log(await (await handler(new Request("http://localhost/else"))).text()); // home
 * ```
 */
export function mountAll(mounts: Readonly<Record<string, Handler>>): Handler {
  const handlers = new Map(Object.entries(mounts).map(([mount, handler]) => [checkMount(mount), handler]));
  const prefixes = [...handlers.keys()].sort((a, b) => b.length - a.length);
  return (request, info) => {
    const { pathname } = new URL(request.url);
    const prefix = prefixes.find((prefix) => pathname === prefix || pathname.startsWith(`${prefix}/`));
    return prefix === undefined
      ? problem(404, "Nothing is mounted at this path")
      : handlers.get(prefix)!(request, info);
  };
}

/**
 * Checks a path prefix.
 *
 * @returns it without a slash at its end
 * @throws {TypeError} when it holds what is encoded in a URL, so that no path could begin with it
 */
export function checkMount(mount: string): string {
  if (!/^(\/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*\/?$/.test(mount) || /\/\.\.?(\/|$)/.test(mount)) {
    throw new TypeError(`Cannot mount at ${JSON.stringify(mount)}: it is no path such as /api, of plain characters`);
  }
  return mount.replace(/\/$/, "");
}
