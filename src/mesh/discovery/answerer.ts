/** Answers other nodes' questions. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { type NodeId, placeOfService } from "../node_id.ts";
import type { AgreedTime } from "./agreed_time.ts";
import { Allowance } from "./allowance.ts";
import { type Answer, type Question, readQuestion, type Verdict, writeAnswer } from "./messages.ts";
import { areSame, type Peer } from "./peer.ts";
import { placed } from "./place.ts";
import { isSigned, lifeOf, readRecord, type SignedRecord, type Verify } from "./provider_record.ts";
import type { ProviderStore } from "./provider_store.ts";
import type { RoutingTable } from "./routing_table.ts";

/** What answers are made of. */
export interface AnswererOptions {
  readonly table: RoutingTable;
  readonly store: ProviderStore;
  readonly time: AgreedTime;
  readonly clock: Clock;
  readonly verify: Verify;
  readonly random: () => number;
}

/** Answers for one node. */
export class Answerer {
  readonly #options: AnswererOptions;
  readonly #allowance = new Allowance();

  constructor(options: AnswererOptions) {
    this.#options = options;
  }

  /** @param from who asks */
  answer(from: NodeId, question: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    return writeAnswer({ wallMs: this.#options.clock.wallMs(), answer: this.#answer(from, question) });
  }

  #answer(from: NodeId, bytes: Uint8Array<ArrayBuffer>): Answer {
    let question: Question;
    try {
      question = readQuestion(bytes);
    } catch (error) {
      if (error instanceof MalformedError) return { type: "unknown" };
      throw error;
    }
    const { type } = question;
    if (type === "ping") return { type };
    if (type === "findNode") return { type, peers: this.#near(question.place, from) };
    if (type === "addProvider") return this.#add(from, question.record);
    const { service } = question;
    return { type, records: this.#someOf(service), peers: this.#near(placeOfService(service), from) };
  }

  #near(place: Uint8Array<ArrayBuffer>, from: NodeId): Peer[] {
    const { table } = this.#options;
    const target = placed(place);
    const near = table.closest(target);
    if (!near.some(({ id }) => id === from)) return near;
    return table.closest(target, near.length + 1).filter(({ id }) => id !== from); // who asks need not be told of itself
  }

  /**
   * As many records as one answer has room for: which ones is up to chance, so that all providers are used. Those that were
   * withdrawn come last: whoever has found them before is told so.
   */
  #someOf(service: string): Uint8Array<ArrayBuffer>[] {
    const { store, clock, random } = this.#options;
    const now = clock.nowMs();
    const some: Uint8Array<ArrayBuffer>[] = [];
    let left = meshLimits.answerRecordsBytes;
    for (const { bytes } of [...shuffled(store.find(service, now), random), ...store.withdrawn(service, now)]) {
      left -= bytes.byteLength;
      if (left < 0) break;
      some.push(bytes);
    }
    return some;
  }

  #add(from: NodeId, bytes: Uint8Array<ArrayBuffer>): Answer {
    const type = "addProvider";
    const { store, clock } = this.#options;
    if (!this.#allowance.take(from, clock.nowMs())) return { type, verdict: "tooOften" };
    let record: SignedRecord;
    try {
      record = readRecord(bytes);
    } catch (error) {
      if (error instanceof MalformedError) return { type, verdict: "malformed" };
      throw error;
    }
    const known = store.get(record);
    if (known && known.sequence >= record.sequence) {
      return areSame(known.bytes, bytes)
        ? { type, verdict: "accepted" }
        : { type, verdict: "stale", later: known.bytes };
    }
    return { type, verdict: this.#keep(record) };
  }

  /** Checks the signature last: it costs more than all else. */
  #keep(record: SignedRecord): Verdict {
    const { store, time, clock, verify } = this.#options;
    const lifeMs = lifeOf(record, time.candidatesMs());
    if (typeof lifeMs === "string") return lifeMs;
    return isSigned(record, verify) ? store.add(record, lifeMs, clock.nowMs()) : "forged";
  }
}

function shuffled<Thing>(things: Thing[], random: () => number): Thing[] {
  for (let i = 0; i < things.length; i++) {
    const other = i + Math.floor(random() * (things.length - i));
    [things[i], things[other]] = [things[other], things[i]];
  }
  return things;
}
