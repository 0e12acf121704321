/** Work that has begun and not ended yet, for whoever has to wait for all of it. */

/** All of it. */
export class UnderWay {
  readonly #works = new Set<Promise<unknown>>();

  /** Counts a piece of work until it has ended, however it does. */
  add(work: Promise<unknown>): void {
    this.#works.add(work);
    work.catch(() => {/* whoever asked for it is told */}).finally(() => this.#works.delete(work));
  }

  /** Waits until there is none, that which begins meanwhile too. */
  async settled(): Promise<void> {
    while (this.#works.size > 0) await Promise.allSettled(this.#works);
  }
}
