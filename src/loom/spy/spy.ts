/**
 * `/spy`: what happens in all streams, as text. Streams that are active are shown from now on, new ones from their start.
 * The spy keeps positions, not bytes: it reads from the store only as fast as its client takes, and skips what it is too
 * far behind with, so that no producer ever waits for it.
 */

import { type Source, toReadableStream } from "../../bytes/source.ts";
import type { Handler } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { limits } from "../../limits.ts";
import type { StreamStore } from "../stream_store.ts";
import { SpySource } from "./spy_source.ts";

/** Options of {@linkcode spyHandler}. */
export interface SpyOptions {
  /** How long the beginning of a line waits for its end, milliseconds. Default: `limits.spyPartialMs`. */
  readonly partialMs?: number;
  /** Ends all spies, for shutting down. */
  readonly signal?: AbortSignal;
}

const headers = {
  "content-type": "text/plain; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** Makes the handler of `/spy`, and `/spy?color`. */
export function spyHandler(store: StreamStore, options: SpyOptions = {}): Handler {
  let spies = 0;
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(405, `The method ${request.method} is not allowed here`, { headers: { allow: "GET, HEAD" } });
    }
    if (request.method === "HEAD") return new Response(null, { headers });
    if (spies >= limits.spies) return problem(503, `There are ${spies} spies already, which is the limit`);
    const color = new URL(request.url).searchParams.get("color");
    const source = new SpySource(store, {
      color: color !== null && color !== "false" && color !== "0",
      partialMs: options.partialMs ?? limits.spyPartialMs,
      onEnd: () => spies--,
    });
    spies++;
    return new Response(toReadableStream(leaving(source, signalOf(request, options))), { headers });
  };
}

function signalOf({ signal }: Request, options: SpyOptions): AbortSignal {
  return options.signal ? AbortSignal.any([signal, options.signal]) : signal;
}

/** Ends a source when its client leaves, also while it waits. */
function leaving(source: SpySource, signal: AbortSignal): Source {
  const leave = () => source.cancel();
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  return source;
}
