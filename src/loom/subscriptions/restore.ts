/** Brings subscriptions back from where they were kept. */

import type { Log } from "../../log.ts";
import type { StreamStore } from "../stream_store.ts";
import { isHeadKey, linkKey, readHead, readLink, readLinkKey, type StoredLink } from "./documents.ts";
import { allStreams } from "./first_links.ts";
import type { SubscriptionKeeper } from "./keeper.ts";
import type { Ledger } from "./ledger.ts";
import type { Subscription } from "./subscription.ts";
import type { SubscriptionTable } from "./subscription_table.ts";

/** Where subscriptions come from and go to. */
export interface RestoreContext {
  readonly keeper: SubscriptionKeeper;
  readonly store: StreamStore;
  readonly table: SubscriptionTable;
  readonly ledger: Ledger;
  readonly log: Log;
}

/** Subscriptions by id; undefined stands for one that could not be read. */
type Heads = Map<string, Subscription | undefined>;

/** Fills the table. Streams that were made since a subscription was last stored are linked from their beginning. */
export async function restore({ keeper, store, table, ledger, log }: RestoreContext): Promise<void> {
  const heads: Heads = new Map();
  const links: (StoredLink & { readonly id: string })[] = [];
  for await (const [key, document] of keeper.load()) {
    if (isHeadKey(key)) {
      heads.set(key, tryHead(key, document, log));
    } else {
      const [id, path] = readLinkKey(key);
      links.push({ id, ...readLink(path, document) });
    }
  }
  for (const subscription of heads.values()) if (subscription) table.insert(subscription);
  for (const link of links) {
    if (!heads.has(link.id)) ledger.erase(linkKey(link.id, link.path)); // its subscription was about to be deleted or made
    else if (!place(link, heads.get(link.id), store, table)) ledger.erase(linkKey(link.id, link.path));
  }
  if (table.size > 0) { for (const stream of allStreams(store)) table.discover(stream); }
}

/** One subscription that can't be read is no reason to lose the others, nor to forget it. */
function tryHead(id: string, document: unknown, log: Log): Subscription | undefined {
  try {
    return readHead(id, document);
  } catch (error) {
    log("error", "A subscription is left out", { subscription: id, reason: String(error) });
    return undefined;
  }
}

/** Puts a link where it belongs; false when it belongs nowhere any more. */
function place(
  { path, birth, explicit, number, acked }: StoredLink,
  subscription: Subscription | undefined,
  store: StreamStore,
  table: SubscriptionTable,
): boolean {
  if (!subscription) return true;
  const stream = store.head(path);
  if (subscription.birth !== birth || (!stream && !explicit)) return false;
  // A store that doesn't wait for the disk may have lost bytes that were acknowledged: what takes their place is new.
  const link = { path, explicit, glob: false, number, acked: Math.min(acked, stream?.tail ?? acked), tail: 0 };
  table.link(subscription, link);
  if (stream) subscription.links.note(link, stream);
  else subscription.links.forget(link);
  return true;
}
