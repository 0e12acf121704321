/** Notices that nothing moves while somebody waits for the other side. */

import type { Clock } from "../clock.ts";

/** One timer for all that is waited for in a call. */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #waits = 0;
  /** What is waited for may depend on somebody else. */
  #isExcused = false;
  /** When something last moved; undefined for when the timer was started, which is all that most calls need. */
  #movedMs: number | undefined;
  #stopClock: (() => void) | undefined;
  #isStopped = false;

  /**
   * Makes one that has not begun.
   *
   * @param idleMs how long nothing may move; 0 for ever
   */
  constructor(clock: Clock, idleMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
    this.#isStopped = idleMs === 0;
  }

  /** Waits for something of the other side, which moves when it is there. */
  async during<Value>(promise: Promise<Value>): Promise<Value> {
    if (this.#waits++ === 0) this.#moved();
    try {
      return await promise;
    } finally {
      if (--this.#waits > 0) this.#moved();
    }
  }

  /** Waits for somebody else: until that has come, the other side may well be waiting for it too. */
  async excused<Value>(promise: Promise<Value>): Promise<Value> {
    this.#isExcused = true;
    try {
      return await promise;
    } finally {
      this.#isExcused = false;
      if (this.#waits > 0) this.#moved();
    }
  }

  /** Watches no more. */
  stop(): void {
    this.#isStopped = true;
    this.#stopClock?.();
  }

  #moved(): void {
    if (this.#isStopped) return;
    if (this.#stopClock) {
      this.#movedMs = this.#clock.nowMs();
    } else {
      this.#movedMs = undefined;
      this.#start(this.#idleMs);
    }
  }

  #start(ms: number): void {
    this.#stopClock = this.#clock.after(ms, () => this.#look());
  }

  #look(): void {
    this.#stopClock = undefined;
    if (this.#waits === 0 || this.#isExcused) return; // it is started again by what comes next
    const leftMs = this.#movedMs === undefined ? 0 : this.#movedMs + this.#idleMs - this.#clock.nowMs();
    if (leftMs <= 0) this.#onIdle();
    else this.#start(leftMs);
  }
}
