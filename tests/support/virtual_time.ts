/** Time that passes when a simulation says so. */
export class VirtualTime {
  /** Milliseconds since it began. */
  now = 0;
  readonly #due: (() => void)[][] = [];

  /** Does something later, after what is due at the same time already. */
  after(ms: number, action: () => void): void {
    (this.#due[this.now + ms] ??= []).push(action);
  }

  /** Lets some milliseconds pass. */
  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now++) {
      for (const action of this.#due[this.now] ?? []) action();
      delete this.#due[this.now];
    }
  }
}
