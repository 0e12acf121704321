/** Tells of changes at once, and of those that follow soon together. */

import type { Clock } from "../clock.ts";

/** Changes of one thing. */
export class News {
  readonly #clock: Clock;
  readonly #settlesMs: number;
  readonly #tell: () => void;
  #stopClock: (() => void) | undefined;
  #isNew = false;
  #isOver = false;

  /**
   * Makes one that has nothing to tell.
   *
   * @param settlesMs how long after it was told it is not told again
   */
  constructor(clock: Clock, settlesMs: number, tell: () => void) {
    this.#clock = clock;
    this.#settlesMs = settlesMs;
    this.#tell = tell;
  }

  /** There is some. */
  changed(): void {
    this.#isNew = true;
    if (!this.#stopClock && !this.#isOver) this.#now();
  }

  /** Tells no more. */
  stop(): void {
    this.#isOver = true;
    this.#stopClock?.();
  }

  #now(): void {
    this.#isNew = false;
    this.#stopClock = this.#clock.after(this.#settlesMs, () => {
      this.#stopClock = undefined;
      if (this.#isNew) this.#now();
    });
    this.#tell();
  }
}
