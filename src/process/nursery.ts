/** Looks after young children: those that the event loop does not watch, because most end before that would pay. */

/** How often a young child is looked at. */
const TICK_MS = 2;

/** A child that is looked at. */
export interface Young {
  /**
   * Looks whether anything was written.
   *
   * @returns false when that is no longer needed
   */
  tick(): boolean;
}

/** One clock for all young children of a launcher. */
export class Nursery {
  readonly #young = new Set<Young>();
  #clock: ReturnType<typeof setInterval> | undefined;

  add(child: Young): void {
    if (this.#young.size === 0) this.#clock = setInterval(() => this.#tick(), TICK_MS);
    this.#young.add(child);
  }

  remove(child: Young): void {
    if (this.#young.delete(child) && this.#young.size === 0) clearInterval(this.#clock);
  }

  #tick(): void {
    for (const child of this.#young) {
      if (!child.tick()) this.remove(child);
    }
  }
}
