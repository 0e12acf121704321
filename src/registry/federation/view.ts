/**
 * One row for each id, of those that several hubs may have while a client moves from one to another or a partition heals.
 * Every hub that has heard the same decides the same.
 */

import type { Origin } from "./origin.ts";
import type { Row } from "./row.ts";

/** A row, and where it came to. */
export interface Held {
  readonly origin: Origin;
  readonly row: Row;
}

/** Which rows are in force. */
export class View {
  readonly #holders = new Map<string, readonly Origin[]>();
  /**
   * The latest connection of each owner that was seen of an id that several hubs had. What it registered over earlier
   * ones stays hidden when it frees the id: that was left behind at a hub that is gone, and would show a service that is
   * gone. Numbers of two owners have nothing to do with each other, so what one freed hides nothing of another.
   */
  readonly #latest = new Map<string, Map<string, number>>();

  /** An origin has a row with an id now. */
  add(id: string, origin: Origin): void {
    const holders = this.#holders.get(id);
    if (!holders) this.#holders.set(id, origin.alone);
    else if (!holders.includes(origin)) this.#holders.set(id, [...holders, origin]);
  }

  /** It has it no more. */
  remove(id: string, origin: Origin): void {
    const left = this.#holders.get(id)?.filter((other) => other !== origin) ?? [];
    if (left.length > 0) this.#holders.set(id, left.length === 1 ? left[0].alone : left);
    else if (this.#holders.delete(id)) this.#latest.delete(id);
  }

  /** The row that is in force. */
  find(id: string): Held | undefined {
    const holders = this.#holders.get(id);
    if (!holders) return undefined;
    const latest = holders.length > 1 ? this.#note(id, holders) : this.#latest.get(id);
    let best: Held | undefined;
    for (const origin of holders) {
      const held = { origin, row: origin.rows.get(id)! };
      const isOutdated = latest && held.row.incarnation < (latest.get(held.row.owner) ?? -Infinity);
      if (!isOutdated && (!best || isBefore(best, held))) best = held;
    }
    return best;
  }

  #note(id: string, holders: readonly Origin[]): ReadonlyMap<string, number> {
    const latest = this.#latest.get(id) ?? new Map<string, number>();
    for (const origin of holders) {
      const { owner, incarnation } = origin.rows.get(id)!;
      latest.set(owner, Math.max(incarnation, latest.get(owner) ?? incarnation));
    }
    this.#latest.set(id, latest);
    return latest;
  }
}

/** The later connection counts; between two of one number everybody has to choose the same. */
function isBefore(a: Held, b: Held): boolean {
  const order = b.row.incarnation - a.row.incarnation;
  return order > 0 || order === 0 && b.origin.hub > a.origin.hub;
}
