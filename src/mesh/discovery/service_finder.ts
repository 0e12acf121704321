/** Finds who offers a service, and remembers it, so that calls seldom wait for a lookup. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { placeOfService } from "../node_id.ts";
import { checkServiceName } from "../service_name.ts";
import type { AgreedTime } from "./agreed_time.ts";
import type { Asker } from "./asker.ts";
import type { Lookups } from "./lookups.ts";
import { areSame, type Peer } from "./peer.ts";
import { placed } from "./place.ts";
import { isSigned, lifeOf, readRecord, type SignedRecord, type Verify } from "./provider_record.ts";
import { ProviderStore } from "./provider_store.ts";

/** What it is done with. */
export interface ServiceFinderOptions {
  /** What others gave us to keep, and what we offer. */
  readonly store: ProviderStore;
  readonly verify: Verify;
  readonly time: AgreedTime;
  readonly asker: Asker;
  readonly lookups: Lookups;
  readonly clock: Clock;
  /** A node told what nobody signed. */
  onLie(peer: Peer): void;
}

interface Search {
  /** When it was over last. */
  doneMs: number;
  /** How long what was found then is taken for all there are. */
  freshMs: number;
  /** Since the last one began, one of those who were found has said that it is not there any more. */
  isOutdated: boolean;
  running: Promise<void> | undefined;
}

/** Finds for one node. */
export class ServiceFinder {
  readonly #options: ServiceFinderOptions;
  readonly #found = new ProviderStore();
  /** Services that were looked for, the one that was not for longest first. */
  readonly #searches = new Map<string, Search>();

  constructor(options: ServiceFinderOptions) {
    this.#options = options;
  }

  /** Those that are known, at once; looked for behind that when it is not fresh. */
  known(service: string): readonly SignedRecord[] {
    const records = this.#merged(service);
    if (!this.#isFresh(service, records.length)) {
      // Many may ask for it until it is its turn.
      void this.#options.lookups.behind(async () => {
        if (!this.#isFresh(service, records.length)) await this.#search(service);
      });
    }
    return records;
  }

  /** The same, but if it was never looked for, or none are known, waits for what is found. */
  async find(service: string): Promise<readonly SignedRecord[]> {
    checkServiceName(service);
    const wasSought = (this.#searches.get(service)?.doneMs ?? -Infinity) > -Infinity;
    if (wasSought && this.#merged(service).length > 0) return this.known(service);
    if (!this.#isFresh(service, 0)) await this.#search(service);
    return this.#merged(service);
  }

  /** The same, but looked for anew: those who were found turned out not to be there. */
  async findAgain(service: string): Promise<readonly SignedRecord[]> {
    checkServiceName(service);
    const isDue = () => this.#searches.get(service)?.running !== undefined || !this.#isFresh(service, 0);
    // One that is under way may have begun before somebody left.
    for (let searches = 0; searches < 2 && isDue(); searches++) await this.#search(service);
    return this.#merged(service);
  }

  /** One of those who were found says that it is not there any more: others may have come in its place meanwhile. */
  outdated(service: string): void {
    const search = this.#searches.get(service);
    if (search) search.isOutdated = true;
  }

  /** Forgets what has run out. */
  upkeep(): void {
    this.#found.expire(this.#options.clock.nowMs());
  }

  /** What was found, and what is kept: of each offer the later record. */
  #merged(service: string): SignedRecord[] {
    const { store, clock } = this.#options;
    const now = clock.nowMs();
    const own = store.find(service, now);
    const kept = own.filter((record) => (this.#found.get(record)?.sequence ?? -1) <= record.sequence);
    const found = this.#found.find(service, now);
    return [...kept, ...found.filter((record) => (store.get(record)?.sequence ?? -1) < record.sequence)];
  }

  #isFresh(service: string, records: number): boolean {
    const search = this.#searches.get(service);
    if (!search || search.isOutdated) return false;
    const freshMs = records > 0 ? search.freshMs : meshLimits.serviceMissingMs;
    return this.#options.clock.nowMs() - search.doneMs < freshMs;
  }

  #search(service: string): Promise<void> {
    const search = this.#searches.get(service) ??
      { doneMs: -Infinity, freshMs: 0, isOutdated: false, running: undefined };
    this.#searches.delete(service);
    this.#searches.set(service, search);
    if (this.#searches.size > meshLimits.servicesSought) this.#searches.delete(this.#searches.keys().next().value!);
    if (search.running) return search.running;
    const before = this.#offers(service);
    search.isOutdated = false;
    return search.running = this.#lookUp(service).finally(() => {
      search.running = undefined;
      search.doneMs = this.#options.clock.nowMs();
      // Where one has come, more do: a service is being started.
      const isSame = before === this.#offers(service);
      const { serviceChangedMs, serviceFreshMs } = meshLimits;
      search.freshMs = isSame
        ? Math.min(Math.max(2 * search.freshMs, serviceChangedMs), serviceFreshMs)
        : serviceChangedMs;
    });
  }

  /** What is known, in words that are the same for the same offers. */
  #offers(service: string): string {
    return this.#merged(service).map(({ provider, version }) => `${provider} ${version}`).sort().join();
  }

  async #lookUp(service: string): Promise<void> {
    const { asker, lookups, onLie } = this.#options;
    let [answers, hops] = [0, 0];
    const ask = async (peer: Peer, depth: number): Promise<readonly Peer[]> => {
      const { records, peers } = await asker.findProviders(peer, service);
      try {
        if (this.#take(service, records) === 0) return peers;
      } catch (error) {
        onLie(peer);
        throw error;
      }
      answers++;
      hops ||= depth;
      return peers;
    };
    const isEnough = () => answers >= meshLimits.answersEnough;
    const target = placed(placeOfService(service));
    await lookups.run({ kind: "providers", target, ask, isEnough, hops: () => hops });
  }

  /** Takes what holds of an answer. @returns how much. @throws {MalformedError} when some of it is a lie */
  #take(service: string, records: readonly Uint8Array<ArrayBuffer>[]): number {
    let good = 0;
    for (const bytes of records) {
      const record = readRecord(bytes);
      if (record.service !== service) throw new MalformedError("A record is of another service");
      if (this.#keep(record)) good++;
    }
    return good;
  }

  /** @returns whether it is an offer that holds */
  #keep(record: SignedRecord): boolean {
    const { store, time, clock, verify } = this.#options;
    const known = this.#found.get(record) ?? store.get(record);
    if (known && areSame(known.bytes, record.bytes)) return !known.isWithdrawn;
    if (record.isWithdrawn && (!known || known.sequence > record.sequence)) return false; // nobody here believes it is there
    const lifeMs = lifeOf(record, time.candidatesMs());
    if (typeof lifeMs === "string") return false;
    if (!isSigned(record, verify)) throw new MalformedError("A record is not signed by its provider");
    return this.#found.add(record, lifeMs, clock.nowMs()) === "accepted" && !record.isWithdrawn;
  }
}
