/** Subscriptions as documents: one for the subscription itself, one for each link that storage has to know of. */

import { BEFORE_FIRST, type Link } from "./links.ts";
import { Subscription } from "./subscription.ts";
import type { SubscriptionConfig } from "./subscription_request.ts";
import type { WakeCycle } from "./wake_cycle.ts";

/** Between a subscription's id and the path of a stream: in neither is a control character. */
const SEPARATOR = "\0";
const VERSION = 1;

interface HeadDocument {
  readonly version: typeof VERSION;
  readonly birth: string;
  readonly createdAt: number;
  readonly base: string;
  readonly config: SubscriptionConfig;
  readonly cycle: WakeCycle;
}

interface LinkDocument {
  /** Of the subscription it belongs to: one that had the id before may have left links behind. */
  readonly birth: string;
  readonly explicit: boolean;
  readonly number?: number;
  readonly acked: number;
}

/** A link as it was stored. */
export interface StoredLink extends LinkDocument {
  readonly path: string;
}

/** Key of a subscription's own document. */
export const headKey = (id: string) => id;

/** Key of a link's document. */
export const linkKey = (id: string, path: string) => id + SEPARATOR + path;

/** True for keys of subscriptions, false for those of links. */
export const isHeadKey = (key: string) => !key.includes(SEPARATOR);

/** Takes the key of a link apart. */
export function readLinkKey(key: string): [id: string, path: string] {
  const at = key.indexOf(SEPARATOR);
  return [key.slice(0, at), key.slice(at + 1)];
}

/** What is stored of a subscription. */
export function headDocument({ birth, createdAt, base, config, cycle }: Subscription): HeadDocument {
  return { version: VERSION, birth, createdAt, base, config, cycle };
}

/**
 * Reads what was stored of a subscription.
 *
 * @throws {TypeError} when another version of this program wrote it
 */
export function readHead(id: string, document: unknown): Subscription {
  const head = document as HeadDocument;
  if (head?.version !== VERSION) {
    throw new TypeError(`Cannot read the subscription ${JSON.stringify(id)}: its version is ${head?.version}, not 1`);
  }
  const subscription = new Subscription({ id, ...head }, head.base);
  subscription.cycle = head.cycle;
  return subscription;
}

/**
 * What is stored of a link. A stream that only the pattern matches and nothing was acknowledged of needs no document: it
 * is found again by the pattern.
 */
export function linkDocument(subscription: Subscription, path: string): LinkDocument | undefined {
  const link: Link | undefined = subscription.alive ? subscription.links.get(path) : undefined;
  if (!link || (!link.explicit && link.acked === BEFORE_FIRST)) return undefined;
  return { birth: subscription.birth, explicit: link.explicit, number: link.number, acked: link.acked };
}

/** Reads what was stored of a link. */
export function readLink(path: string, document: unknown): StoredLink {
  return { path, ...document as LinkDocument };
}
