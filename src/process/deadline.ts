/** Two clocks on a run: one for the whole, one for the time in which no byte moves. */

/** Calls back once, when the first of its limits is reached. 0 means no limit. */
export class Deadline {
  readonly #onExpired: (which: "timeout" | "idle", limitMs: number) => void;
  #idleMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #moved = performance.now();
  #cleared = false;

  constructor(
    limits: { timeoutMs: number; idleTimeoutMs: number },
    onExpired: (which: "timeout" | "idle", limitMs: number) => void,
  ) {
    this.#onExpired = onExpired;
    this.#idleMs = limits.idleTimeoutMs;
    if (limits.timeoutMs > 0) {
      this.#timer = setTimeout(() => onExpired("timeout", limits.timeoutMs), limits.timeoutMs);
    }
    // An idle limit that the whole reaches first needs no timer of its own.
    if (this.#idleMs > 0 && !(limits.timeoutMs > 0 && limits.timeoutMs <= this.#idleMs)) this.#watch(this.#idleMs);
  }

  /** Says that a byte has moved. */
  touch(): void {
    this.#moved = performance.now();
  }

  /** Makes sure that there is an idle limit from now on. */
  requireIdle(ms: number): void {
    if (this.#idleTimer !== undefined || this.#cleared) return;
    this.#idleMs ||= ms;
    this.touch();
    this.#watch(this.#idleMs);
  }

  /** Ends both clocks. */
  clear(): void {
    this.#cleared = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#idleTimer);
  }

  #watch(ms: number): void {
    this.#idleTimer = setTimeout(() => {
      const left = this.#moved + this.#idleMs - performance.now();
      if (left > 0) this.#watch(left);
      else this.#onExpired("idle", this.#idleMs);
    }, ms);
  }
}
