/** Things that are made from a description and outlive a reload when their description is the same. */

import { Gate } from "../process/gate.ts";

/** More would only slow each other down: most start a process. */
const MADE_AT_ONCE = navigator.hardwareConcurrency * 2;

/** What was made, and from what. */
interface Entry<T> {
  readonly key: string;
  readonly value: T;
}

/** A description, and how to make what it describes. */
export interface Wanted<T> {
  /** Equal keys describe what is equal. */
  readonly key: string;
  make(): Promise<T> | T;
}

/** What a renewal has made ready, which nobody knows of yet. */
export interface Renewal<T> {
  /** In the order of what was wanted. */
  readonly values: readonly T[];
  /** Takes it for what there is now. @returns what is wanted no more */
  commit(): readonly T[];
  /** Leaves what there is as it was. @returns what was made in vain */
  rollback(): readonly T[];
}

/** All that there is. */
export class Kept<T> {
  #entries: readonly Entry<T>[] = [];

  /** All of them. */
  get values(): readonly T[] {
    return this.#entries.map(({ value }) => value);
  }

  /**
   * Finds or makes what is wanted; nothing is changed before `commit`.
   *
   * @param discard lets go of what was made before a failure
   * @throws what went wrong, all of it in one message
   */
  async renew(wanted: readonly Wanted<T>[], discard: (value: T) => Promise<unknown>): Promise<Renewal<T>> {
    const left = Map.groupBy(this.#entries, ({ key }) => key);
    const kept = wanted.map(({ key }) => left.get(key)?.shift());
    const made: Entry<T>[] = [];
    const turns = new Gate({ concurrency: MADE_AT_ONCE, queue: Infinity });
    const makings = wanted.map(async ({ key, make }, index) => {
      if (kept[index]) return kept[index];
      using _turn = await turns.enter();
      const entry = { key, value: await make() };
      made.push(entry);
      return entry;
    });
    const settled = await Promise.allSettled(makings);
    const failures = settled.filter((each) => each.status === "rejected").map(({ reason }) => reason);
    if (failures.length > 0) {
      await Promise.allSettled(made.map(({ value }) => discard(value)));
      throw failures.length === 1 ? failures[0] : allOf(failures);
    }
    const entries = await Promise.all(makings);
    return {
      values: entries.map(({ value }) => value),
      commit: () => {
        this.#entries = entries;
        return [...left.values()].flat().map(({ value }) => value);
      },
      rollback: () => made.map(({ value }) => value),
    };
  }
}

function allOf(failures: readonly unknown[]): Error {
  const messages = failures.map((each) => each instanceof Error ? each.message : String(each));
  return new AggregateError(failures, messages.join("\n"));
}
