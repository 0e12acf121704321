/** Following what a pattern matches: what there is, then each change. Who is slow is given what there is again. */

import { limits } from "../../limits.ts";
import type { Service } from "../service.ts";
import type { Catalog, Change } from "./catalog.ts";
import { matches, parsePattern } from "./pattern.ts";

/** What a follower is told. */
export type WatchEvent =
  /** All that matches: at first, and again after more changes than one slow follower is kept. */
  | { readonly type: "snapshot"; readonly services: readonly Service[]; readonly index: number }
  /** One more matches, has changed, or matches no more. */
  | { readonly type: "register" | "update" | "free"; readonly service: Service; readonly index: number };

/** What a change is to who follows a pattern; undefined for nothing. */
export function seenBy(
  text: string | undefined,
  change: Change,
): { type: Change["type"]; service: Service } | undefined {
  const pattern = parsePattern(text);
  const after = change.type !== "free" && matches(pattern, change.service);
  const before = change.type !== "register" &&
    matches(pattern, change.type === "update" ? change.before : change.service);
  if (after) return { type: before ? "update" : "register", service: change.service };
  if (before) return { type: "free", service: change.type === "update" ? change.before : change.service };
  return undefined;
}

/**
 * Follows a pattern.
 *
 * @param signal ends it
 */
export async function* watch(catalog: Catalog, text?: string, signal?: AbortSignal): AsyncGenerator<WatchEvent> {
  const { role } = parsePattern(text);
  let waiting: WatchEvent[] | undefined; // undefined: too much happened, or nothing was told yet
  let wake = () => {};
  const stop = catalog.observe(role, (change) => {
    const seen = seenBy(text, change);
    if (!seen || !waiting) return;
    if (waiting.length >= limits.registryWatchEvents) waiting = undefined;
    else waiting.push({ ...seen, index: catalog.index });
    wake();
  });
  const ended = () => wake();
  signal?.addEventListener("abort", ended, { once: true });
  try {
    while (!signal?.aborted) {
      if (!waiting) {
        waiting = [];
        yield { type: "snapshot", services: catalog.query(text), index: catalog.index };
      } else if (waiting.length > 0) {
        const events: WatchEvent[] = waiting;
        waiting = [];
        for (const event of events) if (!signal?.aborted) yield event;
      } else {
        await new Promise<void>((resolve) => wake = resolve);
      }
    }
  } finally {
    stop();
    signal?.removeEventListener("abort", ended);
  }
}

/** Waits until something matches. */
export async function firstMatch(catalog: Catalog, text: string, signal?: AbortSignal): Promise<readonly Service[]> {
  const { role } = parsePattern(text);
  signal?.throwIfAborted();
  const there = catalog.query(text);
  if (there.length > 0) return there;
  const { promise, resolve, reject } = Promise.withResolvers<readonly Service[]>();
  const stop = catalog.observe(role, () => {
    const found = catalog.query(text);
    if (found.length > 0) resolve(found);
  });
  const abort = () => reject(signal!.reason);
  signal?.addEventListener("abort", abort, { once: true });
  return await promise.finally(() => {
    stop();
    signal?.removeEventListener("abort", abort);
  });
}
