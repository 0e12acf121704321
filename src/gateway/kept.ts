/** Things that are made from a description and outlive a reload when their description is the same. */

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
   * @throws what the making of one threw
   */
  async renew(wanted: readonly Wanted<T>[], discard: (value: T) => Promise<unknown>): Promise<Renewal<T>> {
    const left = Map.groupBy(this.#entries, ({ key }) => key);
    const made: Entry<T>[] = [];
    const entries: Entry<T>[] = [];
    try {
      for (const { key, make } of wanted) {
        const kept = left.get(key)?.shift();
        const entry = kept ?? { key, value: await make() };
        entries.push(entry);
        if (!kept) made.push(entry);
      }
    } catch (error) {
      await Promise.allSettled(made.map(({ value }) => discard(value)));
      throw error;
    }
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
