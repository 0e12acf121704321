/** Several handlers under one: each answers the paths below its mount. */

import type { Handler } from "./handler.ts";
import { problem } from "./problem.ts";

/**
 * Makes one handler of several.
 *
 * @param mounts handlers by path prefix, such as `/api`; `""` takes what no other takes
 * @returns a handler that gives each request to the longest prefix that ends at a slash or the end of its path, else 404
 */
export function mountAll(mounts: Readonly<Record<string, Handler>>): Handler {
  const prefixes = Object.keys(mounts).sort((a, b) => b.length - a.length);
  return (request, info) => {
    const { pathname } = new URL(request.url);
    const prefix = prefixes.find((prefix) => pathname === prefix || pathname.startsWith(`${prefix}/`));
    return prefix === undefined ? problem(404, "Nothing is mounted at this path") : mounts[prefix](request, info);
  };
}
