/** A connection to one of several hubs: lost, it is made again for ever, to the next one. */

import { limits } from "../../limits.ts";
import { backoffMs, pause } from "../../net/backoff.ts";
import { type Call, type Caller, dial, hubUrl } from "../wire/dial.ts";
import { REFUSED } from "../wire/link.ts";
import type { LinkEnd } from "../wire/link_end.ts";

/** What happens to it. */
export interface ConnectionEvents {
  /** There is a new one: `call.listen` has to be called at once. */
  onUp(call: Call, url: string): void;
  /** It is gone. */
  onDown(end: LinkEnd, url: string): void;
  /** A hub could not be reached, or has refused us. */
  onFailure(error: Error, url: string): void;
}

/** The connection. */
export class HubConnection {
  readonly #caller: Omit<Caller, "incarnation" | "signal">;
  readonly #events: ConnectionEvents;
  readonly #given: readonly string[];
  readonly #running: Promise<void>;
  readonly #closing = new AbortController();
  #told: readonly string[] = [];
  #incarnation = 0;

  /**
   * @param addresses `host:port` or URLs; the first one is tried first
   * @throws {TypeError} for what is no address
   */
  constructor(addresses: readonly string[], caller: Omit<Caller, "incarnation" | "signal">, events: ConnectionEvents) {
    if (addresses.length === 0) throw new TypeError("Cannot connect to a registry: no hub is named");
    this.#given = addresses.map(hubUrl);
    this.#caller = caller;
    this.#events = events;
    this.#running = this.#run();
  }

  /** Hubs are known besides those that were given: a list of URLs, if a hub says what is right. */
  tell(urls: unknown): void {
    this.#told = Array.isArray(urls) ? urls.slice(0, limits.registryHubs).flatMap(readUrl) : [];
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let url = this.#given[0];
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const call = await dial(url, { ...this.#caller, incarnation: (time) => this.#next(time), signal });
        const { code } = await this.#hold(call, url);
        // A hub with which we can't talk is called no oftener than one that is not there.
        if (code !== REFUSED) failures = 0;
      } catch (error) {
        if (!signal.aborted) this.#events.onFailure(error as Error, url);
      }
      url = this.#after(url);
      const { registryBackoffMs: firstMs, registryBackoffMsMax: mostMs } = limits;
      await pause(backoffMs(failures, { firstMs, mostMs }), signal).catch(() => {}); // closed: the loop sees it
    }
  }

  async #hold(call: Call, url: string): Promise<LinkEnd> {
    const { link } = call;
    try {
      this.#events.onUp(call, url);
      const end = await link.closed;
      this.#events.onDown(end, url);
      return end;
    } finally {
      link.cut(); // it may be on its way to its end, or `onUp` has failed
      await link.gone;
    }
  }

  /** Every connection has a higher number than all before, of whatever hub the time is. */
  #next(hubTime: number): number {
    return this.#incarnation = Math.max(this.#incarnation + 1, Math.round(hubTime));
  }

  #after(url: string): string {
    const all = [...new Set([...this.#given, ...this.#told])];
    return all[(all.indexOf(url) + 1) % all.length];
  }
}

function readUrl(value: unknown): readonly string[] {
  try {
    return typeof value === "string" ? [hubUrl(value)] : [];
  } catch {
    return []; // it can't be called, whoever told of it
  }
}
