/** How long a call may wait for others, all that it waits for taken together. */

import { late } from "../calls/call_failures.ts";
import type { Clock } from "../clock.ts";

/** The time of one call. */
export class CallTime {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #totalMs: number;
  readonly #endMs: number;

  /** @param totalMs how long all of it may take; 0 for ever */
  constructor(clock: Clock, signal: AbortSignal, totalMs: number) {
    this.#clock = clock;
    this.#signal = signal;
    this.#totalMs = totalMs;
    this.#endMs = totalMs > 0 ? clock.nowMs() + totalMs : Infinity;
  }

  /** What is left; 0 for ever. @throws {CallError} 504 when nothing is */
  leftMs(): number {
    if (this.#endMs === Infinity) return 0;
    const leftMs = this.#endMs - this.#clock.nowMs();
    if (leftMs <= 0) throw this.#late();
    return leftMs;
  }

  /**
   * Waits for something.
   *
   * @throws {CallError} 504 when the time is over
   * @throws the reason of the signal
   */
  async during<Result>(promise: Promise<Result>): Promise<Result> {
    const leftMs = this.leftMs();
    this.#signal.throwIfAborted();
    const { promise: over, reject } = Promise.withResolvers<never>();
    const abort = () => reject(this.#signal.reason);
    const stopClock = leftMs > 0 ? this.#clock.after(leftMs, () => reject(this.#late())) : undefined;
    this.#signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([promise, over]);
    } finally {
      stopClock?.();
      this.#signal.removeEventListener("abort", abort);
    }
  }

  #late(): Error {
    return late(`it took more than ${this.#totalMs} ms`);
  }
}
