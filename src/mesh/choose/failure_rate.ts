/** Which part of a provider's calls failed of late. */

import { meshLimits } from "../limits.ts";

/** Two counts that fade: what happened a window ago weighs a third of what happens now. It costs the same at any rate. */
export class FailureRate {
  #good = 0;
  #failed = 0;
  #atMs = 0;

  /** One more call has ended. */
  add(isFailure: boolean, nowMs: number): void {
    this.#fade(nowMs);
    if (isFailure) this.#failed++;
    else this.#good++;
  }

  /** True when most of not too few calls failed. */
  get isHigh(): boolean {
    const calls = this.#good + this.#failed;
    return calls >= meshLimits.ejectCalls && this.#failed >= calls * meshLimits.ejectRate;
  }

  /** By how much its costs count more: once when nothing failed, and steeply more where it is not only now and then. */
  penalty(nowMs: number): number {
    if (this.#failed === 0) return 1;
    this.#fade(nowMs);
    const doubt = meshLimits.failureDoubt;
    return ((this.#good + this.#failed + doubt) / (this.#good + doubt)) ** meshLimits.failurePower;
  }

  /** Begins anew. */
  clear(): void {
    this.#good = 0;
    this.#failed = 0;
  }

  #fade(nowMs: number): void {
    if (nowMs <= this.#atMs) return;
    const kept = Math.exp((this.#atMs - nowMs) / meshLimits.failureWindowMs);
    this.#good *= kept;
    this.#failed *= kept;
    this.#atMs = nowMs;
  }
}
