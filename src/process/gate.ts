/** A gate that lets so many through at a time, and so many wait: the bound on processes and on their queue. */

import { HttpError } from "../errors.ts";

/** Sizes of a gate. */
export interface GateOptions {
  /** How many may be inside. */
  readonly concurrency: number;
  /** How many may wait; one more is refused. */
  readonly queue: number;
  /** Told how many wait, whenever it changes. */
  readonly onWaiting?: (count: number) => void;
}

/** First come, first served. Leaving is disposing of what entering gave, once, however often it is done. */
export class Gate {
  readonly #concurrency: number;
  readonly #queue: number;
  readonly #onWaiting: (count: number) => void;
  readonly #waiting = new Set<() => void>();
  #inside = 0;

  constructor(options: GateOptions) {
    this.#concurrency = options.concurrency;
    this.#queue = options.queue;
    this.#onWaiting = options.onWaiting ?? (() => {});
  }

  /** True when the next one would be refused. */
  get full(): boolean {
    return this.#inside >= this.#concurrency && this.#waiting.size >= this.#queue;
  }

  /**
   * Waits for a place.
   *
   * @param signal gives the wait up, with the signal's reason
   * @throws {HttpError} 503 when the queue is full
   */
  enter(signal?: AbortSignal): Promise<Disposable> {
    if (this.#inside < this.#concurrency) return Promise.resolve(this.#place());
    if (this.full) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener("abort", giveUp);
        resolve(this.#place());
      };
      const giveUp = () => {
        this.#leaveQueue(enter);
        reject(signal!.reason);
      };
      if (signal?.aborted) return giveUp();
      this.#waiting.add(enter);
      this.#onWaiting(this.#waiting.size);
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  #leaveQueue(enter: () => void): void {
    if (this.#waiting.delete(enter)) this.#onWaiting(this.#waiting.size);
  }

  #place(): Disposable {
    this.#inside++;
    let left = false;
    return {
      [Symbol.dispose]: () => {
        if (left) return;
        left = true;
        this.#inside--;
        const [next] = this.#waiting;
        if (next === undefined) return;
        this.#leaveQueue(next);
        next();
      },
    };
  }
}

/** The answer to one request too many. */
export function overloaded(): HttpError {
  return new HttpError(503, "All processes are busy and the queue is full", { headers: { "retry-after": "1" } });
}
