/** How long a live read goes on: until its client leaves, its time is up, or the server stops. */

/** A signal that aborts then. Disposing it lets go of its timer. */
export class Patience implements Disposable {
  readonly #controller = new AbortController();
  readonly #causes: readonly AbortSignal[];
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #end = () => this.end();

  /** @param causes what aborts it besides the time; undefined ones count for nothing */
  constructor(ms: number, ...causes: readonly (AbortSignal | undefined)[]) {
    this.#causes = causes.filter((cause) => cause !== undefined);
    this.#timer = setTimeout(this.#end, ms);
    for (const cause of this.#causes) {
      if (cause.aborted) this.end();
      else cause.addEventListener("abort", this.#end, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends it now. */
  end(): void {
    this.#controller.abort();
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const cause of this.#causes) cause.removeEventListener("abort", this.#end);
  }
}
