/** How long a provider takes to answer, from one call to the next. */

import { meshLimits } from "../limits.ts";

/**
 * A moving average that believes bad news at once and good news slowly (Finagle's peak EWMA): what takes longer than
 * expected is the new level, and what takes less counts by the time that passed since the last sample. Without samples
 * the level sinks, so that a provider that was slow is asked again some day.
 */
export class PeakEwma {
  #levelMs: number;
  #atMs: number;

  /** @param levelMs what is expected before the first sample */
  constructor(levelMs: number, nowMs: number) {
    this.#levelMs = levelMs;
    this.#atMs = nowMs;
  }

  /** The level after the last sample, milliseconds. */
  get lastMs(): number {
    return this.#levelMs;
  }

  /** The level now. Reading it changes nothing: it is read far more often than there are samples. */
  at(nowMs: number): number {
    return Math.max(this.#levelMs * this.#kept(nowMs), meshLimits.latencyLeastMs);
  }

  /** A call was answered after some time. */
  observe(ms: number, nowMs: number): void {
    const kept = this.#kept(nowMs);
    const before = this.#levelMs * kept;
    this.#levelMs = ms > before ? Math.max(ms, meshLimits.latencyLeastMs) : before + ms * (1 - kept);
    this.#atMs = nowMs;
  }

  /** Something happened that says nothing of latency, and is no reason to expect less of it either. */
  hold(nowMs: number): void {
    this.#atMs = nowMs;
  }

  #kept(nowMs: number): number {
    return nowMs > this.#atMs ? Math.exp((this.#atMs - nowMs) / meshLimits.latencyDecayMs) : 1;
  }
}
