/**
 * Brings changes to the keeper: what changes while a write is under way is written together afterwards, each document
 * once, and in the order in which things were last changed.
 */

import type { Log } from "../../log.ts";
import { headDocument, headKey, isHeadKey, linkDocument, linkKey } from "./documents.ts";
import type { SubscriptionKeeper } from "./keeper.ts";
import type { Subscription } from "./subscription.ts";

/** Documents that are written at the same time. */
const TOGETHER = 64;

/** Makes a document when it is written; undefined to let go of it. */
type Draft = () => unknown | undefined;

/** Writes subscriptions down. */
export class Ledger {
  readonly #keeper: SubscriptionKeeper;
  readonly #log: Log;
  #waiting = new Map<string, Draft>();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(keeper: SubscriptionKeeper, log: Log) {
    this.#keeper = keeper;
    this.#log = log;
  }

  /** The subscription itself has changed, was made or deleted. */
  noteHead(subscription: Subscription): void {
    this.#note(headKey(subscription.id), () => subscription.alive ? headDocument(subscription) : undefined);
  }

  /** One of its links has. */
  noteLink(subscription: Subscription, path: string): void {
    this.#note(linkKey(subscription.id, path), () => linkDocument(subscription, path));
  }

  /** Something is stored that belongs to nothing. */
  erase(key: string): void {
    this.#note(key, () => undefined);
  }

  /** Resolves when all changes up to now are stored; rejects when some could not be, which are tried again later. */
  flush(): Promise<void> {
    return this.#next ??= this.#afterRunning();
  }

  async #afterRunning(): Promise<void> {
    await this.#running.catch(() => {/* whoever asked for that write was told */});
    this.#next = undefined;
    this.#running = this.#write();
    await this.#running;
  }

  #note(key: string, draft: Draft): void {
    this.#waiting.delete(key); // to the end: a subscription is written behind the links that were made before it
    this.#waiting.set(key, draft);
    if (this.#next) return;
    this.flush().catch((error) => this.#log("error", "Subscriptions could not be stored", { error: String(error) }));
  }

  async #write(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = this.#takeBatch();
      const results = await Promise.allSettled(batch.map(([key, draft]) => this.#keeper.save(key, draft())));
      const failed = batch.filter(([key], i) => results[i].status === "rejected" && !this.#waiting.has(key));
      this.#waiting = new Map([...failed, ...this.#waiting]);
      const failure = results.find((result) => result.status === "rejected");
      if (failure) throw failure.reason;
    }
  }

  /** The first of what waits, of one kind: links and subscriptions don't overtake each other. */
  #takeBatch(): [key: string, draft: Draft][] {
    const batch: [string, Draft][] = [];
    for (const entry of this.#waiting) {
      if (batch.length === TOGETHER || (batch.length > 0 && isHeadKey(entry[0]) !== isHeadKey(batch[0][0]))) break;
      batch.push(entry);
    }
    for (const [key] of batch) this.#waiting.delete(key);
    return batch;
  }
}
