/**
 * What followers are told, made once for all of them: the last changes as texts of messages, and all services as texts
 * of messages. Changes of one moment are one message; when many followers take long to be told, moments are longer. While
 * nobody follows nothing is kept.
 */

import { clearImmediate, setImmediate } from "node:timers";
import { limits } from "../../limits.ts";
import type { Catalog, Change } from "../table/catalog.ts";
import { groups } from "../wire/parts.ts";

/** One message of changes. */
export interface LogMessage {
  /** The number of its last change. */
  readonly index: number;
  readonly text: string;
}

/** All services at one moment. */
export interface Snapshot {
  /** The number of the last change before it. */
  readonly index: number;
  readonly texts: readonly string[];
}

/** Who is told. */
export interface Audience {
  /** How many they are. */
  readonly size: number;
  /** There is something new for them. */
  tell(): void;
}

/** The log of a catalog. */
export class ChangeLog implements Disposable {
  readonly #catalog: Catalog;
  readonly #stop: () => void;
  readonly #audience: Audience;
  #messages: LogMessage[] = [];
  #chars = 0;
  /** The number of the last change before the first message. */
  #begins: number;
  #ends: number;
  #waiting: { readonly index: number; readonly json: string }[] = [];
  #immediate: ReturnType<typeof setImmediate> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #quietUntil = 0;
  #snapshot: Snapshot | undefined;

  constructor(catalog: Catalog, audience: Audience) {
    this.#catalog = catalog;
    this.#audience = audience;
    this.#begins = this.#ends = catalog.index;
    this.#stop = catalog.observe(undefined, (change) => this.#add(change));
  }

  /**
   * The message that follows a change.
   *
   * @returns undefined when there is none yet; null when it is not kept any more
   */
  after(index: number): LogMessage | undefined | null {
    if (index < this.#begins) return null;
    if (index >= this.#ends) return undefined;
    let [low, high] = [0, this.#messages.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#messages[middle].index > index) high = middle;
      else low = middle + 1;
    }
    return this.#messages[low];
  }

  /** All services at a moment from which the log leads on: one that was made before serves many. */
  snapshot(): Snapshot {
    const made = this.#snapshot;
    if (made && made.index >= this.#begins && this.#ends - made.index <= this.#catalog.size / 4) return made;
    this.#flush();
    const parts = [...groups(this.#catalog.query(), JSON.stringify)];
    if (parts.length === 0) parts.push([]);
    const rows = parts.map((services, i) => ({ type: "rows", ...i === 0 ? { first: true } : {}, services }));
    const texts = [...rows, { type: "synced", index: this.#ends }].map((message) => JSON.stringify(message));
    return this.#snapshot = { index: this.#ends, texts };
  }

  [Symbol.dispose](): void {
    this.#stop();
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
  }

  #add(change: Change): void {
    if (this.#audience.size === 0) return this.#forget();
    const shown = change.type === "free" ? { free: change.service.id } : { service: change.service };
    this.#waiting.push({ index: this.#catalog.index, json: JSON.stringify(shown) });
    if (this.#immediate !== undefined || this.#timer !== undefined) return;
    const waitMs = this.#quietUntil - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#publish(), waitMs);
    else this.#immediate = setImmediate(() => this.#publish());
  }

  #publish(): void {
    this.#immediate = this.#timer = undefined;
    this.#flush();
    const started = performance.now();
    this.#audience.tell();
    // At most half of the time goes into telling followers.
    this.#quietUntil = performance.now() + (performance.now() - started);
  }

  #flush(): void {
    for (const changes of groups(this.#waiting, ({ json }) => json)) {
      const { index } = changes.at(-1)!;
      const list = changes.map(({ json }) => json).join(",");
      const text = `{"type":"changes","index":${index},"changes":[${list}]}`;
      this.#messages.push({ index, text });
      this.#chars += text.length;
      this.#ends = index;
    }
    this.#waiting = [];
    const isMuch = this.#chars > limits.registryLogChars;
    if (isMuch || this.#messages.length >= 2 * limits.registryLogMessages) this.#shorten();
  }

  /** Leaves out the first messages: so many that they need not be moved each time. */
  #shorten(): void {
    let dropped = Math.max(0, this.#messages.length - limits.registryLogMessages);
    let chars = this.#messages.slice(dropped).reduce((sum, { text }) => sum + text.length, 0);
    while (chars > limits.registryLogChars / 2) chars -= this.#messages[dropped++].text.length;
    if (dropped > 0) this.#begins = this.#messages[dropped - 1].index;
    this.#messages = this.#messages.slice(dropped);
    this.#chars = chars;
  }

  #forget(): void {
    this.#begins = this.#ends = this.#catalog.index;
    [this.#messages, this.#chars, this.#waiting, this.#snapshot] = [[], 0, [], undefined];
  }
}
