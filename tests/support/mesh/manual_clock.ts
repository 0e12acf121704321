/** A clock that stands still until a test says otherwise. */

import type { Clock } from "../../../src/mesh/clock.ts";

/** A call that is due some time. */
interface Due {
  readonly atMs: number;
  readonly call: () => void;
}

/** Time that passes when it is told to. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #due = new Set<Due>();

  /** Calls that are still to be made. */
  get pending(): number {
    return this.#due.size;
  }

  nowMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const due = { atMs: this.#now + ms, call };
    this.#due.add(due);
    return () => this.#due.delete(due);
  }

  /** Lets some time pass, and makes the calls that are due in it, the earliest first. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#due].filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.#due.delete(next);
      this.#now = next.atMs;
      next.call();
    }
    this.#now = end;
  }
}

/** Lets all microtasks run that there are, and those that these begin. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 200; i++) await undefined;
}
