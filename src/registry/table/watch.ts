/** Following what a pattern matches: what there is, then each change. Who is slow is given what there is again. */

import { limits } from "../../limits.ts";
import type { Service } from "../service.ts";
import type { Catalog, Change } from "./catalog.ts";
import { matches, parsePattern, type Pattern } from "./pattern.ts";

/** What a follower is told. */
export type WatchEvent =
  /** All that matches: at first, and again after more changes than one slow follower is kept. */
  | { readonly type: "snapshot"; readonly services: readonly Service[]; readonly index: number }
  /** One more matches, has changed, or matches no more. */
  | { readonly type: "register" | "update" | "free"; readonly service: Service; readonly index: number };

/** What a change is to who follows a pattern; undefined for nothing. */
export function seenBy(pattern: Pattern, change: Change): { type: Change["type"]; service: Service } | undefined {
  const after = change.type !== "free" && matches(pattern, change.service);
  const before = change.type !== "register" &&
    matches(pattern, change.type === "update" ? change.before : change.service);
  if (after) return { type: before ? "update" : "register", service: change.service };
  if (before) return { type: "free", service: change.type === "update" ? change.before : change.service };
  return undefined;
}

/**
 * Follows a pattern, from the first `next` on.
 *
 * @param signal ends it
 */
export function watch(catalog: Catalog, text?: string, signal?: AbortSignal): AsyncIterableIterator<WatchEvent> {
  return new Watch(catalog, text, signal);
}

/** No generator: `return` has to end it while a `next` waits, which may be for ever. */
class Watch implements AsyncIterableIterator<WatchEvent> {
  readonly #catalog: Catalog;
  readonly #text: string | undefined;
  readonly #signal: AbortSignal | undefined;
  /** What is to be told, and from where on it was not told yet. */
  #telling: readonly WatchEvent[] = [];
  #at = 0;
  /** What happened meanwhile; undefined: too much, or nothing was told yet. */
  #waiting: WatchEvent[] | undefined;
  #stop: (() => void) | undefined;
  #wake = () => {};
  #isEnded = false;
  /** The last `next`: the one after it takes its turn. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(catalog: Catalog, text: string | undefined, signal: AbortSignal | undefined) {
    this.#catalog = catalog;
    this.#text = text;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @throws {TypeError} for a pattern that is none */
  next(): Promise<IteratorResult<WatchEvent>> {
    const result = this.#last.then(() => this.#next());
    this.#last = result.catch(() => {}); // told to whoever asked
    return result;
  }

  return(): Promise<IteratorResult<WatchEvent>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  async #next(): Promise<IteratorResult<WatchEvent>> {
    this.#begin();
    while (!this.#isEnded) {
      if (this.#at < this.#telling.length) return { done: false, value: this.#telling[this.#at++] };
      [this.#telling, this.#at] = [[], 0];
      if (!this.#waiting) {
        this.#waiting = [];
        const { index } = this.#catalog;
        return { done: false, value: { type: "snapshot", services: this.#catalog.query(this.#text), index } };
      }
      if (this.#waiting.length > 0) [this.#telling, this.#waiting] = [this.#waiting, []];
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return { done: true, value: undefined };
  }

  #begin(): void {
    if (this.#stop || this.#isEnded) return;
    if (this.#signal?.aborted) return this.#end();
    const pattern = parsePattern(this.#text);
    this.#stop = this.#catalog.observe(pattern.role, (change) => this.#keep(pattern, change));
    this.#signal?.addEventListener("abort", this.#end, { once: true });
  }

  #keep(pattern: Pattern, change: Change): void {
    const seen = seenBy(pattern, change);
    if (!seen || !this.#waiting) return;
    if (this.#waiting.length >= limits.registryWatchEvents) this.#waiting = undefined;
    else this.#waiting.push({ ...seen, index: this.#catalog.index });
    this.#wake();
  }

  readonly #end = (): void => {
    this.#isEnded = true;
    this.#stop?.();
    this.#signal?.removeEventListener("abort", this.#end);
    this.#telling = [];
    this.#waiting = [];
    this.#wake();
  };
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
