/** Something that is to be done again whenever it is asked for: one time after another, and once for all who ask meanwhile. */

/** Asks are remembered until it is known what to do. */
export class Again {
  #task: (() => Promise<void>) | undefined;
  #isAsked = false;
  #isRunning = false;

  /** Asks for it. */
  readonly ask = (): void => {
    this.#isAsked = true;
    if (!this.#isRunning) void this.#run();
  };

  /**
   * Says what is to be done.
   *
   * @param task never rejects
   */
  begin(task: () => Promise<void>): void {
    this.#task = task;
    if (this.#isAsked) this.ask();
  }

  async #run(): Promise<void> {
    if (!this.#task) return;
    this.#isRunning = true;
    while (this.#isAsked) {
      this.#isAsked = false;
      await this.#task();
    }
    this.#isRunning = false;
  }
}
