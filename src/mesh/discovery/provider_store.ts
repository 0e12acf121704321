/**
 * Records of providers, others' and our own. Pure. How long each still holds was told when it came, and is counted by a
 * clock that never jumps: so no change of the time of day lets all of them run out, or none.
 */

import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import { areSame } from "./peer.ts";
import type { SignedRecord } from "./provider_record.ts";

/** What became of a record: "stale" when a later one is known, "full" when there is no room. */
export type Kept = "accepted" | "stale" | "full";

/** What names an offer. */
export type Offered = Pick<SignedRecord, "provider" | "service" | "version">;

interface Entry {
  readonly record: SignedRecord;
  readonly endsMs: number;
}

/** One service's: those of one provider, few as they are, are in one list. */
interface Service {
  readonly providers: Map<NodeId, Entry[]>;
  count: number;
}

/** What one node keeps. */
export class ProviderStore {
  readonly #services = new Map<string, Service>();
  readonly #countOf = new Map<NodeId, number>();
  #count = 0;
  #bytes = 0;
  #nextEndMs = Infinity;

  /** Names of the services that there are records of. */
  get services(): Iterable<string> {
    return this.#services.keys();
  }

  /** Records that are kept, those of withdrawn offers among them. */
  get size(): number {
    return this.#count;
  }

  /** The bytes of all. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The record of an offer that is in force, be it that it was withdrawn. */
  get({ provider, service, version }: Offered): SignedRecord | undefined {
    return this.#services.get(service)?.providers.get(provider)?.find((entry) => entry.record.version === version)
      ?.record;
  }

  /** Those who offer a service. */
  find(service: string, nowMs: number): SignedRecord[] {
    return this.#select(service, nowMs, false);
  }

  /** Those who did, and don't any more. */
  withdrawn(service: string, nowMs: number): SignedRecord[] {
    return this.#select(service, nowMs, true);
  }

  /**
   * Keeps a record that was verified.
   *
   * @param lifeMs how long it still holds
   */
  add(record: SignedRecord, lifeMs: number, nowMs: number): Kept {
    const entries = this.#services.get(record.service)?.providers.get(record.provider) ?? [];
    const before = entries.find((entry) => entry.record.version === record.version);
    if (before && before.record.sequence > record.sequence) return "stale";
    if (before?.record.sequence === record.sequence) {
      return areSame(before.record.bytes, record.bytes) ? "accepted" : "stale";
    }
    if (!before && !this.#hasRoom(record, entries, nowMs)) return "full";
    if (before) this.#remove(before);
    this.#put({ record, endsMs: nowMs + lifeMs + guardMs(record) });
    return "accepted";
  }

  /** Forgets what has run out. */
  expire(nowMs: number): void {
    if (nowMs < this.#nextEndMs) return;
    this.#nextEndMs = Infinity;
    for (const { providers } of [...this.#services.values()]) {
      for (const entry of [...providers.values()].flat()) {
        if (entry.endsMs <= nowMs) this.#remove(entry);
        else this.#nextEndMs = Math.min(this.#nextEndMs, entry.endsMs);
      }
    }
  }

  #select(service: string, nowMs: number, isWithdrawn: boolean): SignedRecord[] {
    const found: SignedRecord[] = [];
    for (const entries of this.#services.get(service)?.providers.values() ?? []) {
      for (const { record, endsMs } of entries) {
        if (endsMs > nowMs && record.isWithdrawn === isWithdrawn) found.push(record);
      }
    }
    return found;
  }

  #hasRoom(record: SignedRecord, entries: readonly Entry[], nowMs: number): boolean {
    if (this.#isFull(record)) this.expire(nowMs);
    if (this.#isFull(record)) return false;
    if (entries.length < meshLimits.recordsOfOffer) return true;
    // What is withdrawn makes way for what is offered: a version that is changed often must not end it.
    const oldest = entries.find((entry) => entry.record.isWithdrawn || entry.endsMs <= nowMs);
    if (oldest) this.#remove(oldest);
    return oldest !== undefined;
  }

  #isFull({ provider, service, bytes }: SignedRecord): boolean {
    return this.#count >= meshLimits.records || this.#bytes + bytes.byteLength > meshLimits.recordsBytes ||
      (this.#services.get(service)?.count ?? 0) >= meshLimits.recordsOfService ||
      (this.#countOf.get(provider) ?? 0) >= meshLimits.recordsOfProvider;
  }

  #put(entry: Entry): void {
    const { provider, service: name, bytes } = entry.record;
    const service = this.#services.get(name) ?? { providers: new Map<NodeId, Entry[]>(), count: 0 };
    this.#services.set(name, service);
    const entries = service.providers.get(provider);
    if (entries) entries.push(entry);
    else service.providers.set(provider, [entry]);
    service.count++;
    this.#count++;
    this.#bytes += bytes.byteLength;
    this.#countOf.set(provider, (this.#countOf.get(provider) ?? 0) + 1);
    this.#nextEndMs = Math.min(this.#nextEndMs, entry.endsMs);
  }

  #remove(entry: Entry): void {
    const { provider, service: name, bytes } = entry.record;
    const service = this.#services.get(name)!;
    const entries = service.providers.get(provider)!;
    entries.splice(entries.indexOf(entry), 1);
    if (entries.length === 0) service.providers.delete(provider);
    if (--service.count === 0) this.#services.delete(name);
    this.#count--;
    this.#bytes -= bytes.byteLength;
    const left = this.#countOf.get(provider)! - 1;
    if (left > 0) this.#countOf.set(provider, left);
    else this.#countOf.delete(provider);
  }
}

/** That an offer was withdrawn is known for as long as any record before it could still be brought back. */
function guardMs({ isWithdrawn, issuedMs, expiresMs }: SignedRecord): number {
  return isWithdrawn ? meshLimits.recordMsMost - (expiresMs - issuedMs) : 0;
}
