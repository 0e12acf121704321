/**
 * Group commit: whatever is asked for while a commit is under way is stored together by the next one, so that many
 * appends share one write and one sync.
 */

import { limits } from "../../limits.ts";
import type { Change } from "./storage.ts";
import { StreamError } from "../stream_error.ts";

/** What one commit stores, while it is put together. */
export interface Cycle {
  readonly changes: Change[];
  /** Called when all is stored, before anybody is told. */
  readonly onStored: (() => void)[];
  /** Called when nothing is stored. */
  readonly onFailed: (() => void)[];
}

/** Adds what it needs to a cycle; gives what is to be answered once the cycle is stored. */
export type Stage<T> = (cycle: Cycle) => () => T;

interface Waiting {
  readonly bytes: number;
  stage(cycle: Cycle): () => void;
  fail(error: unknown): void;
}

/** Puts cycles together and stores them, one at a time. */
export class Committer {
  readonly #commit: (changes: readonly Change[]) => Promise<void>;
  readonly #together: boolean;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  /** @param together false: each wish is stored by itself */
  constructor(commit: (changes: readonly Change[]) => Promise<void>, together: boolean) {
    this.#commit = commit;
    this.#together = together;
  }

  /**
   * Stores what a stage adds; refused, or answered, only when all that it was staged upon is stored.
   *
   * @param bytes how much it is about to add
   * @throws what the stage throws, or the commit
   */
  run<T>(bytes: number, stage: Stage<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new StreamError("stopped", "The stream store is being closed"));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        bytes,
        stage: (cycle) => {
          const answer = stage(cycle);
          return () => resolve(answer());
        },
        fail: reject,
      });
      this.#running ??= this.#runAll();
    });
  }

  /** Takes no more, and waits for what it has. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#runCycle();
    this.#running = undefined;
  }

  async #runCycle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve)); // what comes in the same turn joins
    const batch = this.#take();
    const cycle: Cycle = { changes: [], onStored: [], onFailed: [] };
    const answers = batch.map((waiting) => stage(waiting, cycle));
    try {
      if (cycle.changes.length > 0) await this.#commit(cycle.changes);
    } catch (error) {
      for (const undo of cycle.onFailed.reverse()) undo();
      for (const waiting of batch) waiting.fail(error);
      return;
    }
    for (const stored of cycle.onStored) stored();
    for (const answer of answers) answer();
  }

  #take(): Waiting[] {
    let count = 0;
    let bytes = 0;
    do {
      bytes += this.#waiting[count++].bytes;
    } while (this.#together && count < this.#waiting.length && bytes < limits.commitBytes);
    return this.#waiting.splice(0, count);
  }
}

/** What is to be done when the cycle is stored: also a refusal may rest on what the same cycle stores. */
function stage(waiting: Waiting, cycle: Cycle): () => void {
  try {
    return waiting.stage(cycle);
  } catch (error) {
    return () => waiting.fail(error);
  }
}
