/** What one node offers: it is told to the nodes nearest to each service's place, again and again. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import { backoffMs } from "../../net/backoff.ts";
import type { Clock } from "../clock.ts";
import type { Reach } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import { placeOfService } from "../node_id.ts";
import type { AgreedTime } from "./agreed_time.ts";
import type { Asker } from "./asker.ts";
import type { OnDirectoryEvent } from "./events.ts";
import type { Lookups } from "./lookups.ts";
import type { Peer } from "./peer.ts";
import { placed } from "./place.ts";
import { isSigned, readRecord, type SignedRecord, type Signer, signRecord, type Verify } from "./provider_record.ts";
import type { ProviderStore } from "./provider_store.ts";
import type { RoutingTable } from "./routing_table.ts";

/** What it is done with. */
export interface OffersOptions {
  readonly signer: Signer;
  readonly verify: Verify;
  readonly store: ProviderStore;
  readonly time: AgreedTime;
  readonly asker: Asker;
  readonly lookups: Lookups;
  readonly table: RoutingTable;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onEvent: OnDirectoryEvent;
}

interface Offer {
  readonly service: string;
  readonly version: string;
  reach: Reach;
  isWithdrawn: boolean;
  /** Who keeps it. */
  keepers: readonly Peer[];
  /** How often in a row nobody did. */
  failures: number;
  /** It is being told. */
  telling: Promise<void> | undefined;
  /** What is being told does not hold any more. */
  isStale: boolean;
  stopTimer: (() => void) | undefined;
}

/** All of them. */
export class Offers {
  readonly #options: OffersOptions;
  readonly #offers = new Map<string, Offer>();
  #sequence = 0;
  #isClosed = false;

  constructor(options: OffersOptions) {
    this.#options = options;
  }

  /** Offers a service. @returns how many nodes keep that */
  async announce(service: string, version: string, reach: Reach): Promise<number> {
    const key = `${service}@${version}`;
    const offer = this.#offers.get(key) ?? newOffer(service, version, reach);
    // Throws for what can't be offered, and puts it into our own store.
    this.#sign({ ...offer, reach, isWithdrawn: false });
    offer.reach = reach;
    offer.isWithdrawn = false; // it may be on its way out at this moment
    this.#offers.set(key, offer);
    await this.#tell(offer);
    return offer.keepers.length;
  }

  /** Does not offer it any more. */
  async withdraw(service: string, version: string): Promise<void> {
    const key = `${service}@${version}`;
    const offer = this.#offers.get(key);
    if (!offer) return;
    offer.isWithdrawn = true;
    this.#sign(offer);
    await this.#tell(offer);
    if (offer.isWithdrawn) this.#offers.delete(key);
  }

  /** The node is reached in another way. */
  async reachChanged(reach: Reach): Promise<void> {
    for (const offer of this.#offers.values()) {
      this.#sign({ ...offer, reach }); // throws before anything is changed
      offer.reach = reach;
    }
    await this.tellAll();
  }

  /** Tells of all: others may have forgotten. */
  async tellAll(): Promise<void> {
    const { lookups } = this.#options;
    await Promise.all([...this.#offers.values()].map((offer) => lookups.behind(() => this.#tell(offer))));
  }

  /** Stops telling. What was told holds until it runs out. */
  close(): void {
    this.#isClosed = true;
    for (const offer of this.#offers.values()) offer.stopTimer?.();
    this.#offers.clear();
  }

  #tell(offer: Offer): Promise<void> {
    offer.isStale = offer.telling !== undefined;
    return offer.telling ??= this.#tellUntilTrue(offer).finally(() => offer.telling = undefined);
  }

  async #tellUntilTrue(offer: Offer): Promise<void> {
    offer.stopTimer?.();
    do {
      offer.isStale = false;
      await this.#tellOnce(offer);
    } while (offer.isStale && !this.#isClosed);
    if (this.#isClosed || offer.isWithdrawn) return;
    const { clock, random, lookups } = this.#options;
    offer.failures = offer.keepers.length > 0 ? 0 : offer.failures + 1;
    const bounds = { firstMs: meshLimits.recordRetryMs, mostMs: meshLimits.recordRetryMsMost };
    const pauseMs = offer.failures > 0
      ? backoffMs(offer.failures - 1, bounds, random)
      : meshLimits.recordAgainMs * (0.8 + 0.2 * random()); // not all at once
    const tell = () => void lookups.behind(() => this.#tell(offer));
    const stopTimer = clock.after(pauseMs, tell);
    const stopLooking = this.#lookForMore(offer, meshLimits.recordSoonMs, tell);
    offer.stopTimer = () => {
      stopTimer();
      stopLooking();
    };
  }

  /**
   * In a mesh that is just growing, those who will be nearest may come right behind: looks at times whether there are more
   * nodes than when it was told, as long as fewer keep it than could.
   *
   * @returns what ends that
   */
  #lookForMore(offer: Offer, pauseMs: number, tell: () => void): () => void {
    const { clock, table } = this.#options;
    if (offer.keepers.length >= meshLimits.bucketNodes || pauseMs > meshLimits.recordAgainMs) return () => {};
    const { size } = table;
    let stop = clock.after(pauseMs, () => {
      if (table.size > size) tell();
      else stop = this.#lookForMore(offer, 2 * pauseMs, tell);
    });
    return () => stop();
  }

  async #tellOnce(offer: Offer): Promise<void> {
    const { lookups, asker, onEvent } = this.#options;
    const target = placed(placeOfService(offer.service));
    const { closest } = await lookups.run({ kind: "announce", target });
    if (this.#isClosed) return;
    // Signed only now: those who were asked meanwhile have told what time it is.
    const record = this.#sign(offer);
    const peers = offer.isWithdrawn ? [...new Set([...closest, ...offer.keepers])] : closest;
    const keepers: Peer[] = [];
    await Promise.all(peers.map((peer) =>
      asker.addProvider(peer, record.bytes).then(({ verdict, later }) => {
        if (verdict === "accepted") keepers.push(peer);
        if (verdict === "stale" && later && this.#isLater(later, record)) offer.isStale = true;
      }, () => {}) // the table was told
    ));
    offer.keepers = keepers;
    onEvent({ type: "announced", service: offer.service, version: offer.version, keepers: keepers.length });
  }

  /** Makes a record of an offer as it is, and keeps it. */
  #sign({ service, version, reach, isWithdrawn }: Offer): SignedRecord {
    const { signer, store, time, clock } = this.#options;
    const issuedMs = time.nowMs();
    // Higher than in earlier lives of this node, as far as its clock knows.
    const sequence = Math.max(this.#sequence + 1, issuedMs);
    const expiresMs = issuedMs + meshLimits.recordMs;
    const record = signRecord({ service, version, reach, isWithdrawn, issuedMs, expiresMs, sequence }, signer);
    this.#sequence = sequence;
    store.add(record, meshLimits.recordMs, clock.nowMs());
    return record;
  }

  /** Somebody has a record of ours that we know nothing of: we made it in an earlier life, when our clock was ahead. */
  #isLater(bytes: Uint8Array<ArrayBuffer>, than: SignedRecord): boolean {
    const later = readOwn(bytes);
    if (!later || later.provider !== than.provider || later.service !== than.service) return false;
    if (later.version !== than.version || later.sequence <= than.sequence) return false;
    if (!isSigned(later, this.#options.verify)) return false;
    this.#sequence = Math.max(this.#sequence, later.sequence);
    return true;
  }
}

function readOwn(bytes: Uint8Array<ArrayBuffer>): SignedRecord | undefined {
  try {
    return readRecord(bytes);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

function newOffer(service: string, version: string, reach: Reach): Offer {
  return {
    service,
    version,
    reach,
    isWithdrawn: false,
    keepers: [],
    failures: 0,
    telling: undefined,
    isStale: false,
    stopTimer: undefined,
  };
}
