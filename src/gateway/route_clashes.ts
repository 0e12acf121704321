/** Routes of one server that match the same: those of its file and those of its OpenAPI document. */

import { patternShape } from "./config/settle/path_pattern.ts";
import type { RouteMatch } from "./router/route_entry.ts";

/** Pairs of which the first alone would answer, for some method and host. */
export function clashesOf(matches: readonly RouteMatch[]): (readonly [RouteMatch, RouteMatch])[] {
  const seen = new Map<string, RouteMatch>();
  return matches.flatMap((match) => {
    const keys = keysOf(match);
    const first = keys.map((key) => seen.get(key)).find((other) => other);
    for (const key of keys) seen.set(key, seen.get(key) ?? match);
    return first ? [[first, match] as const] : [];
  });
}

/** One for each method and host. */
function keysOf({ methods, path, hosts, headers }: RouteMatch): readonly string[] {
  const fields = headers.map(({ name, value }) => [name, value ?? null]).sort();
  const each = (list: readonly string[]) => list.length > 0 ? list : ["*"];
  return each(methods).flatMap((method) =>
    each(hosts).map((host) => JSON.stringify([method, host, patternShape(path), fields]))
  );
}
