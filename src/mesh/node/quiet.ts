/** Waits until something has not happened for a while. */

import type { Clock } from "../clock.ts";

/** Knows when it happened last. */
export class Quiet {
  readonly #clock: Clock;
  #lastMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It has happened. */
  broken(): void {
    this.#lastMs = this.#clock.nowMs();
  }

  /** Resolves when it has not for `quietMs`, or after `mostMs`. */
  async wait(quietMs: number, mostMs: number): Promise<void> {
    const endMs = this.#clock.nowMs() + mostMs;
    for (;;) {
      const leftMs = Math.min(this.#lastMs + quietMs, endMs) - this.#clock.nowMs();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => this.#clock.after(leftMs, resolve));
    }
  }
}
