/** A request's body that does not come must not be waited for without end. */

import type { Chunk, Source } from "../bytes/source.ts";
import { HttpError } from "../errors.ts";

/** How long a body is waited for. */
export interface Patience {
  /** Gives the wait up. */
  readonly signal: AbortSignal;
  /** How long all of it may take to come, milliseconds; 0 for no limit. */
  readonly timeoutMs: number;
}

/** A body that is waited for only so long: it fails with the signal's reason, or with 408 when the time is up. */
export class PatientSource implements Source, Disposable {
  readonly #source: Source;
  readonly #signal: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onAbort = () => this.#giveUp(this.#signal.reason);
  #error: unknown;

  constructor(source: Source, { signal, timeoutMs }: Patience) {
    this.#source = source;
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
    const late = new HttpError(408, `The request's body did not come within ${timeoutMs} ms`);
    if (timeoutMs > 0) this.#timer = setTimeout(() => this.#giveUp(late), timeoutMs);
  }

  async read(): Promise<Chunk> {
    try {
      const chunk = await this.#source.read();
      if (this.#error === undefined) return chunk;
    } catch (cause) {
      this.#error ??= cause instanceof HttpError ? cause : new HttpError(400, "The body broke off", { cause });
    }
    throw this.#error;
  }

  cancel(reason?: unknown): void {
    this.#source.cancel(reason);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  #giveUp(error: unknown): void {
    this.#error ??= error;
    this.#source.cancel(error);
  }
}
