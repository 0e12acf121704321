/** Time and chance of a simulation: both are made of one number, so that what fails once fails again. */

import { setImmediate } from "node:timers";
import type { Clock } from "../../../src/mesh/clock.ts";
import { randomFrom } from "../random.ts";

interface Timer {
  call: (() => void) | undefined;
}

/**
 * A clock that passes when it is told to. Between two moments all promises settle, so that what runs under it may use them,
 * but nothing else that waits.
 */
export class VirtualClock implements Clock {
  /** Numbers from 0 up to 1, the same each time. */
  readonly random: () => number;
  readonly #grainMs: number;
  readonly #startMs = Date.parse("2026-01-01T00:00:00Z");
  readonly #due = new Map<number, Timer[]>();
  /** The moments at which something is due: a heap, the first one at its top. */
  readonly #moments: number[] = [];
  #nowMs = 0;

  /** @param grainMs everything happens at multiples of it: the coarser, the more in one moment, and the faster */
  constructor(seed: number, grainMs = 1) {
    const random = randomFrom(2 * seed);
    for (let i = 0; i < 10; i++) random(2); // seeds that are near each other begin alike
    this.random = () => random(2 ** 30) / 2 ** 30;
    this.#grainMs = grainMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#startMs + this.#nowMs;
  }

  after(ms: number, call: () => void): () => void {
    const grain = this.#grainMs;
    const at = Math.max(this.#nowMs + grain, Math.ceil((this.#nowMs + ms) / grain) * grain);
    const timer: Timer = { call };
    const due = this.#due.get(at);
    if (due) due.push(timer);
    else {
      this.#due.set(at, [timer]);
      push(this.#moments, at);
    }
    return () => timer.call = undefined;
  }

  /** Lets some milliseconds pass. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    while (this.#moments.length > 0 && this.#moments[0] <= endMs) {
      const at = pop(this.#moments);
      const due = this.#due.get(at)!;
      this.#due.delete(at);
      this.#nowMs = at;
      if (call(due)) await settled();
    }
    this.#nowMs = endMs;
  }

  /** Waits for what needs time to pass. @throws when it takes longer than that */
  async until<Result>(promise: Promise<Result>, mostMs = 3_600_000): Promise<Result> {
    let isSettled = false;
    promise.then(() => isSettled = true, () => isSettled = true);
    const endMs = this.#nowMs + mostMs;
    await settled();
    while (!isSettled && this.#nowMs < endMs) await this.pass(Math.max(this.#grainMs, 10));
    if (!isSettled) throw new Error(`It is not done after ${mostMs} ms`);
    return await promise;
  }

  /** The clock of one machine, whose idea of the time of day is its own. */
  machine(): MachineClock {
    return new MachineClock(this);
  }
}

/** Passes as all do, but shows another time of day. */
export class MachineClock implements Clock {
  readonly #clock: VirtualClock;
  /** By how much it is ahead, milliseconds. */
  aheadMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  wallMs(): number {
    return this.#clock.wallMs() + this.aheadMs;
  }

  after(ms: number, call: () => void): () => void {
    return this.#clock.after(ms, call);
  }
}

/** When nothing more happens without time. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** @returns whether anything was still due */
function call(due: readonly Timer[]): boolean {
  let hasCalled = false;
  for (const timer of due) {
    if (!timer.call) continue;
    hasCalled = true;
    timer.call();
  }
  return hasCalled;
}

function push(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent] <= value) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = value;
}

function pop(heap: number[]): number {
  const top = heap[0];
  const value = heap.pop()!;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= value) break;
    heap[at] = heap[child];
    at = child;
  }
  if (heap.length > 0) heap[at] = value;
  return top;
}
