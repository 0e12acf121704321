/** Ctrl-C and its kin: the first one asks to stop, a second one to stop at once. */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** Exit code of a command that a second Ctrl-C hurried. */
export const INTERRUPTED = 130;

/** Listens from its making on, so that nothing is announced before it can be stopped. */
export class StopSignals implements Disposable {
  readonly #told = Promise.withResolvers<void>();
  readonly #hurry = new AbortController();
  #times = 0;
  readonly #onSignal = () => {
    if (++this.#times === 1) this.#told.resolve();
    else this.#hurry.abort();
  };

  constructor() {
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#onSignal);
  }

  /** Does what a first signal does. */
  tell(): void {
    this.#told.resolve();
  }

  /** Resolves at the first signal. */
  get told(): Promise<void> {
    return this.#told.promise;
  }

  /** Aborts at the second. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#onSignal);
  }
}
