/** What is known of one provider: how long it takes, how much it has to do, and whether it can be relied on. */

import { Circuit, type Outcome } from "./circuit.ts";
import { PeakEwma } from "./latency.ts";

/** A call to a provider, from its start to its end. */
export interface Attempt {
  /** The head of its answer came. Not called for an answer that is a refusal or a failure: it says nothing of latency. */
  answered(nowMs: number): void;
  /** It is over. Only the first call counts. */
  ended(nowMs: number, outcome: Outcome): void;
}

/** Hears of what happens to providers. */
export interface ProviderObserver {
  /** One was heard of, after this long. */
  sampled(provider: Provider, ms: number): void;
  /** A call to one has ended. */
  settled(provider: Provider, nowMs: number): void;
}

/** One provider. */
export class Provider {
  readonly key: string;
  readonly circuit: Circuit;
  readonly #observer: ProviderObserver;
  /** When a call to it began last. */
  usedMs = 0;
  /** Set when it is asked again though it was slow: what its next answer may take so that this was right. */
  trialMs: number | undefined;
  /** Calls that have not ended. */
  inFlight = 0;
  #latency: PeakEwma | undefined;
  /** Calls that were not answered, a list from the oldest on: each may leave it at any time, and thousands may wait. */
  #oldest: Call | undefined;
  #newest: Call | undefined;

  constructor(key: string, random: () => number, observer: ProviderObserver) {
    this.key = key;
    this.circuit = new Circuit(random);
    this.#observer = observer;
  }

  /** Nothing was heard of it, and no call is about to change that. */
  get isUnknown(): boolean {
    return this.#latency === undefined && this.inFlight === 0;
  }

  /** The level of its latency after the last sample; undefined before the first. */
  get levelMs(): number | undefined {
    return this.#latency?.lastMs;
  }

  /**
   * What one more call would cost: the product of latency, failures and load.
   *
   * @param usualMs latency of those that were never heard of
   */
  cost(nowMs: number, usualMs: number): number {
    return this.expectedMs(nowMs, usualMs) * (this.inFlight + 1);
  }

  /**
   * The latency that is expected now, longer where an answer is not certain. A call that waits longer than that is a
   * latency which is known before it ends: so one that has turned silent is avoided before its first timeout.
   */
  expectedMs(nowMs: number, usualMs: number): number {
    return Math.max(this.#latency?.at(nowMs) ?? usualMs, this.#waitedMs(nowMs)) * this.circuit.penalty(nowMs);
  }

  /** The latency of its answers, if nothing had been forgotten since the last one. */
  knownMs(nowMs: number, usualMs: number): number {
    return Math.max(this.levelMs ?? usualMs, this.#waitedMs(nowMs));
  }

  /** A call begins. @param usualMs latency of others, from which its own starts, where it is known */
  begin(nowMs: number, usualMs: number | undefined): Attempt {
    this.inFlight++;
    this.usedMs = nowMs;
    const call = new Call(this, nowMs, usualMs, this.circuit.begin(nowMs));
    call.before = this.#newest;
    if (this.#newest) this.#newest.after = call;
    else this.#oldest = call;
    this.#newest = call;
    return call;
  }

  /** A call waits no more. */
  heard({ begunMs, usualMs }: Call, nowMs: number): void {
    const ms = Math.max(0, nowMs - begunMs);
    this.#latency ??= new PeakEwma(usualMs ?? ms, begunMs);
    this.#latency.observe(ms, nowMs);
    this.#observer.sampled(this, ms);
  }

  /** A call ended without an answer. That it took as long as this is known all the same. */
  unheard({ begunMs, usualMs }: Call, nowMs: number): void {
    const ms = nowMs - begunMs;
    this.#latency ??= new PeakEwma(usualMs ?? ms, begunMs);
    if (ms > this.#latency.at(nowMs)) this.#latency.observe(ms, nowMs);
  }

  /** A call failed: it answered nothing, so there is no reason to believe that it is faster than it was. */
  failed(nowMs: number): void {
    this.#latency?.hold(nowMs);
  }

  /** A call is over. */
  end(call: Call, outcome: Outcome, nowMs: number): void {
    this.inFlight--;
    this.circuit.end(call, outcome, nowMs);
    this.#observer.settled(this, nowMs);
  }

  /** Takes a call out of those that wait. */
  leave(call: Call): void {
    const { before, after } = call;
    if (before) before.after = after;
    else this.#oldest = after;
    if (after) after.before = before;
    else this.#newest = before;
    call.before = call.after = undefined;
  }

  #waitedMs(nowMs: number): number {
    return this.#oldest ? nowMs - this.#oldest.begunMs : 0;
  }
}

class Call implements Attempt {
  readonly #provider: Provider;
  readonly begunMs: number;
  readonly usualMs: number | undefined;
  readonly isProbe: boolean;
  before: Call | undefined;
  after: Call | undefined;
  #state: "waits" | "answered" | "ended" = "waits";

  constructor(provider: Provider, begunMs: number, usualMs: number | undefined, isProbe: boolean) {
    this.#provider = provider;
    this.begunMs = begunMs;
    this.usualMs = usualMs;
    this.isProbe = isProbe;
  }

  answered(nowMs: number): void {
    if (this.#state !== "waits") return;
    this.#state = "answered";
    this.#provider.leave(this);
    this.#provider.heard(this, nowMs);
  }

  ended(nowMs: number, outcome: Outcome): void {
    if (this.#state === "ended") return;
    if (outcome === "ok") this.answered(nowMs);
    else if (this.#state === "waits") {
      this.#provider.leave(this);
      this.#provider.unheard(this, nowMs);
    }
    if (outcome === "failed") this.#provider.failed(nowMs);
    this.#state = "ended";
    this.#provider.end(this, outcome, nowMs);
  }
}
