/**
 * Which subscriptions there are, and which of them a stream concerns. Every stream that is there is linked to all that it
 * concerns from the moment it is made, so that an append has one look-up to do, and none when there are no subscriptions.
 */

import { limits } from "../../limits.ts";
import type { Log } from "../../log.ts";
import type { StreamEvent, StreamInfo } from "../stream_store.ts";
import type { Ledger } from "./ledger.ts";
import { BEFORE_FIRST, type Link } from "./links.ts";
import { PatternIndex } from "./pattern.ts";
import type { Subscription } from "./subscription.ts";

const NONE: readonly Subscription[] = [];

/** All subscriptions. */
export class SubscriptionTable {
  readonly #ledger: Pick<Ledger, "noteLink">;
  readonly #log: Log;
  readonly #byId = new Map<string, Subscription>();
  readonly #byPath = new Map<string, Set<Subscription>>();
  readonly #patterns = new PatternIndex<Subscription>();
  /** Whose streams have been told to be too many. */
  readonly #full = new WeakSet<Subscription>();
  #links = 0;

  /** @param ledger is told of links that change without anybody asking for it */
  constructor(ledger: Pick<Ledger, "noteLink">, log: Log) {
    this.#ledger = ledger;
    this.#log = log;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Subscription | undefined {
    return this.#byId.get(id);
  }

  values(): Iterable<Subscription> {
    return this.#byId.values();
  }

  /** How many more streams a subscription with so many can be linked to. */
  roomFor(linked: number): number {
    return Math.min(limits.subscriptionStreams - linked, limits.subscriptionLinks - this.#links);
  }

  insert(subscription: Subscription): void {
    this.#byId.set(subscription.id, subscription);
    if (subscription.segments) this.#patterns.add(subscription.segments, subscription);
  }

  delete(subscription: Subscription): void {
    subscription.alive = false;
    this.#byId.delete(subscription.id);
    if (subscription.segments) this.#patterns.delete(subscription.segments, subscription);
    for (const link of [...subscription.links.values()]) this.unlink(subscription, link);
  }

  link(subscription: Subscription, link: Link): void {
    subscription.links.add(link);
    this.#links++;
    const concerned = this.#byPath.get(link.path);
    if (concerned) concerned.add(subscription);
    else this.#byPath.set(link.path, new Set([subscription]));
  }

  unlink(subscription: Subscription, link: Link): void {
    subscription.links.delete(link);
    this.#links--;
    const concerned = this.#byPath.get(link.path)!;
    concerned.delete(subscription);
    if (concerned.size === 0) this.#byPath.delete(link.path);
    if (link.explicit || link.acked !== BEFORE_FIRST) this.#ledger.noteLink(subscription, link.path);
  }

  /** Takes in what happened to a stream; gives those that may have to be woken for it. */
  observe({ kind, stream }: StreamEvent): Iterable<Subscription> {
    if (this.#byId.size === 0) return NONE;
    if (kind === "created") this.discover(stream);
    const concerned = this.#byPath.get(stream.id);
    if (!concerned) return NONE;
    if (kind === "deleted") return this.#forget(stream.id, concerned);
    for (const subscription of concerned) subscription.links.note(subscription.links.get(stream.id)!, stream);
    return concerned;
  }

  /** Links a stream, from its beginning, to all whose patterns match it. */
  discover(stream: StreamInfo): void {
    for (const subscription of this.#patterns.match(stream.id)) {
      const link = subscription.links.get(stream.id);
      if (link) link.glob = true;
      // It would be woken by its own wakes.
      else if (stream.id !== subscription.config.wakeStream) this.#linkFound(subscription, stream);
    }
  }

  #linkFound(subscription: Subscription, { id, number, tail }: StreamInfo): void {
    if (this.roomFor(subscription.links.size) > 0) {
      this.link(subscription, { path: id, explicit: false, glob: true, number, acked: BEFORE_FIRST, tail });
    } else if (!this.#full.has(subscription)) {
      this.#full.add(subscription);
      this.#log("warn", "A subscription has too many streams; it is not told of further ones", {
        subscription: subscription.id,
        streams: subscription.links.size,
      });
    }
  }

  /** A stream that was named stays named; one that was only found is found again when it is made anew. */
  #forget(path: string, concerned: Iterable<Subscription>): readonly Subscription[] {
    for (const subscription of [...concerned]) {
      const link = subscription.links.get(path)!;
      link.glob = false;
      if (!link.explicit) {
        this.unlink(subscription, link);
        continue;
      }
      subscription.links.forget(link);
      this.#ledger.noteLink(subscription, path);
    }
    return NONE;
  }
}
