/** Streams below a route: what its wildcard stands for is the path that the store sees. */

import type { Handler } from "../../http/handler.ts";
import { changedRequest } from "../../http/served_request.ts";
import type { TargetConfig } from "../config/target_model.ts";
import type { LoomStores } from "./loom_stores.ts";

/** Options of {@linkcode loomTarget}. */
export interface LoomTargetOptions {
  readonly stores: LoomStores;
  /** The route's path, such as `/streams/*rest`. */
  readonly path: string;
}

/**
 * Makes the target.
 *
 * @throws {TypeError} for a path without a wildcard at its end
 * @throws what the store can't be opened with
 */
export async function loomTarget(
  { dir, sync }: Extract<TargetConfig, { kind: "loom" }>,
  { stores, path }: LoomTargetOptions,
): Promise<Handler & AsyncDisposable> {
  const depth = depthOf(path);
  const lease = await stores.use(dir, sync);
  const { fetch } = lease.value.loom;
  const handler: Handler = depth === 0 ? fetch : async (request, info) => {
    const { origin, mount, inside } = takeApart(request.url, depth);
    const response = await fetch(changedRequest(request, { url: origin + inside }), info);
    const location = response.status === 201 ? response.headers.get("location") : null;
    // Where a stream was made is told by the path that the store saw.
    if (location?.startsWith(origin + "/")) {
      response.headers.set("location", origin + mount + location.slice(origin.length));
    }
    return response;
  };
  return Object.assign((...args: Parameters<Handler>) => handler(...args), {
    [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
  });
}

/** Pieces of the path before its wildcard. */
function depthOf(pattern: string): number {
  const pieces = pattern.slice(1).split("/");
  if (!pieces.at(-1)!.startsWith("*")) {
    throw new TypeError(
      `Cannot serve streams at ${pattern}: the path has to end in a wildcard, such as /streams/*rest`,
    );
  }
  return pieces.length - 1;
}

/** Cuts a URL before its path, and behind so many pieces of it. */
function takeApart(url: string, depth: number): { origin: string; mount: string; inside: string } {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  let at = start;
  for (let piece = 0; piece < depth; piece++) {
    const next = url.slice(at + 1).search(/[/?#]/);
    at = next === -1 ? url.length : at + 1 + next;
  }
  const inside = url.slice(at);
  return {
    origin: url.slice(0, start),
    mount: url.slice(start, at),
    inside: inside.startsWith("/") ? inside : `/${inside}`,
  };
}
