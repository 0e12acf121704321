/** What clients and workers may do with subscriptions. What has been answered is stored. */

import { limits } from "../../limits.ts";
import { parseOffset } from "../offset.ts";
import { StreamError } from "../stream_error.ts";
import type { StreamStore } from "../stream_store.ts";
import { readToken } from "./callback_token.ts";
import type { Ledger } from "./ledger.ts";
import { firstLinks, linkNamed } from "./first_links.ts";
import type { Link } from "./links.ts";
import { Subscription } from "./subscription.ts";
import { SubscriptionError } from "./subscription_error.ts";
import type { SubscriptionRequest, WorkReport } from "./subscription_request.ts";
import type { SubscriptionTable } from "./subscription_table.ts";
import { newWakeId, type Waker } from "./waker.ts";

/** What subscriptions need. */
export interface SubscriptionParts {
  readonly store: StreamStore;
  readonly table: SubscriptionTable;
  readonly ledger: Ledger;
  readonly waker: Waker;
  readonly tokenKey: Uint8Array;
  readonly clock: () => number;
}

/** Subscriptions of one store. All methods throw a `SubscriptionError` for what they refuse. */
export class Subscriptions {
  readonly #parts: SubscriptionParts;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  /** A subscription that has to be there. */
  get(id: string): Subscription {
    const subscription = this.#parts.table.get(id);
    if (subscription) return subscription;
    throw new SubscriptionError("SUBSCRIPTION_NOT_FOUND", "There is no subscription of that id");
  }

  /** Makes a subscription, or finds it made the same way. */
  async make(id: string, request: SubscriptionRequest, base: string): Promise<[Subscription, created: boolean]> {
    const existing = this.#parts.table.get(id);
    if (existing && existing.config.hash !== request.config.hash) {
      throw new SubscriptionError("SUBSCRIPTION_ALREADY_EXISTS", "A subscription of that id was made otherwise");
    }
    const subscription = existing ?? this.#insert(id, request, base);
    if (subscription.base !== base) {
      subscription.base = base;
      this.#parts.ledger.noteHead(subscription);
    }
    await this.#stored();
    return [subscription, !existing];
  }

  /** Deletes a subscription, if it is there. */
  async delete(id: string): Promise<void> {
    const { table, ledger, waker } = this.#parts;
    const subscription = table.get(id);
    if (subscription) {
      waker.forget(subscription);
      ledger.noteHead(subscription); // before its links: without them it would be told everything again
      table.delete(subscription);
    }
    await this.#stored();
  }

  /** Links streams by name, from where they end now. */
  async addStreams(id: string, paths: readonly string[]): Promise<void> {
    const { store, table, ledger } = this.#parts;
    const subscription = this.get(id);
    const added = new Set(paths.filter((path) => !subscription.links.get(path)));
    if (subscription.config.wakeStream !== undefined && added.has(subscription.config.wakeStream)) {
      throw new SubscriptionError("INVALID_REQUEST", "A subscription can't follow the stream of its own wakes");
    }
    if (added.size > table.roomFor(subscription.links.size)) throw tooManyStreams();
    for (const path of paths) {
      const link = subscription.links.get(path);
      if (link) link.explicit = true;
      else table.link(subscription, linkNamed(path, store));
      ledger.noteLink(subscription, path);
    }
    await this.#stored();
  }

  /** Takes a name back; the stream stays linked if the pattern matches it. */
  async removeStream(id: string, path: string): Promise<void> {
    const { table, ledger } = this.#parts;
    const subscription = this.get(id);
    const link = subscription.links.get(path);
    if (link?.explicit && link.glob) {
      link.explicit = false;
      ledger.noteLink(subscription, path);
    } else if (link?.explicit) {
      table.unlink(subscription, link);
    }
    await this.#stored();
  }

  /** Gives what is to be done to a worker. */
  async claim(id: string, worker: string): Promise<Subscription> {
    const { waker } = this.#parts;
    const subscription = this.#ofType(id, "pull-wake");
    const { wake, generation } = subscription.cycle;
    if (wake?.phase === "leased") {
      throw new SubscriptionError("ALREADY_CLAIMED", "Another worker has claimed it", {
        current_holder: wake.holder,
        generation,
      });
    }
    if (!subscription.links.hasPending) {
      waker.finish(subscription); // what it was woken for is gone; the next append wakes it again
      throw new SubscriptionError("NO_PENDING_WORK", "The subscription's streams have nothing new");
    }
    waker.step(subscription, { kind: "claimed", worker, wakeId: newWakeId() });
    await this.#stored();
    return subscription;
  }

  /**
   * Takes in what a worker has done.
   *
   * @returns whether the next wake follows at once
   */
  async report(id: string, type: Subscription["config"]["type"], token: string, report: WorkReport): Promise<boolean> {
    const subscription = this.#ofType(id, type);
    this.#fence(subscription, token, report);
    this.#acknowledge(subscription, report.acks);
    if (!report.done) this.#parts.waker.step(subscription, { kind: "renewed" });
    const nextWake = report.done && this.#parts.waker.finish(subscription);
    await this.#stored();
    return nextWake;
  }

  /** Takes work back that a worker won't do. */
  async release(id: string, token: string, report: WorkReport): Promise<void> {
    const subscription = this.#ofType(id, "pull-wake");
    this.#fence(subscription, token, report);
    this.#parts.waker.finish(subscription);
    await this.#stored();
  }

  #insert(id: string, request: SubscriptionRequest, base: string): Subscription {
    const { store, table, ledger, clock } = this.#parts;
    if (table.size >= limits.subscriptions) {
      throw new SubscriptionError("LIMIT_EXCEEDED", `There are ${table.size} subscriptions already; delete some`);
    }
    const links = firstLinks(request, store, table.roomFor(0));
    if (!links) throw tooManyStreams();
    const origin = { id, birth: crypto.randomUUID(), createdAt: clock(), config: request.config };
    const subscription = new Subscription(origin, base);
    table.insert(subscription);
    for (const link of links) {
      table.link(subscription, link);
      ledger.noteLink(subscription, link.path);
    }
    ledger.noteHead(subscription);
    return subscription;
  }

  #ofType(id: string, type: Subscription["config"]["type"]): Subscription {
    const subscription = this.get(id);
    if (subscription.config.type === type) return subscription;
    throw new SubscriptionError("INVALID_REQUEST", `This is for subscriptions of the type ${type}`);
  }

  #fence(subscription: Subscription, token: string, { wakeId, generation }: WorkReport): void {
    const { cycle } = subscription;
    const written = readToken(this.#parts.tokenKey, subscription, token);
    if (written === undefined) {
      throw new SubscriptionError("TOKEN_INVALID", "The token is not one of this subscription");
    }
    if (written === cycle.generation && generation === written && cycle.wake && wakeId === cycle.wake.id) return;
    throw new SubscriptionError("FENCED", "The wake is over, and what belongs to it is not taken any more");
  }

  /** All or nothing. */
  #acknowledge(subscription: Subscription, acks: WorkReport["acks"]): void {
    const positions = acks.map(({ stream, offset }) => this.#checkAck(subscription, stream, offset));
    for (const [link, position] of positions) {
      subscription.links.acknowledge(link, position);
      this.#parts.ledger.noteLink(subscription, link.path);
    }
  }

  #checkAck(subscription: Subscription, path: string, offset: string): [link: Link, position: number] {
    const link = subscription.links.get(path);
    if (!link) throw invalidOffset(path, "is no stream of this subscription");
    const stream = this.#parts.store.head(path);
    if (stream) subscription.links.note(link, stream);
    const position = readPosition(path, offset);
    if (position < link.acked) throw invalidOffset(path, "was acknowledged up to a later offset");
    if (position > link.tail) throw invalidOffset(path, "ends before that offset");
    return [link, position];
  }

  async #stored(): Promise<void> {
    try {
      await this.#parts.ledger.flush();
    } catch {
      throw new SubscriptionError("UNAVAILABLE", "The subscription could not be stored"); // the ledger has said why
    }
  }
}

function readPosition(path: string, offset: string): number {
  try {
    return parseOffset(offset);
  } catch (error) {
    if (error instanceof StreamError) throw invalidOffset(path, "has no such offset");
    throw error;
  }
}

function invalidOffset(path: string, why: string): SubscriptionError {
  return new SubscriptionError("INVALID_OFFSET", `The stream ${path} ${why}`);
}

function tooManyStreams(): SubscriptionError {
  const message = `A subscription has at most ${limits.subscriptionStreams} streams, all together have at most ` +
    `${limits.subscriptionLinks}; narrow its pattern`;
  return new SubscriptionError("LIMIT_EXCEEDED", message);
}
