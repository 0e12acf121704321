/** A route at work: its handler, and the requests that it has under way, by which it knows when it may be let go of. */

import type { Handler } from "../http/handler.ts";

/**
 * States: in use -> retired -> let go. A retired route gets no new requests, and is let go of when its last one is over: a
 * file that is read again ends no stream.
 */
export class LiveRoute {
  /** What it is called in metrics and logs. */
  readonly label: string;
  readonly handler: Handler;
  readonly #held: AsyncDisposable;
  readonly #gone = Promise.withResolvers<void>();
  #underWay = 0;
  #retired = false;
  #lettingGo = false;

  /** @param held what the handler needs, to be let go of with it */
  constructor(label: string, handler: Handler, held: AsyncDisposable) {
    this.label = label;
    this.handler = handler;
    this.#held = held;
  }

  /** A request goes to it. */
  enter(): void {
    this.#underWay++;
  }

  /** The answer to one has ended. */
  leave(): void {
    this.#underWay--;
    if (this.#retired && this.#underWay === 0) this.#letGo();
  }

  /** No more requests will come. Resolves when all it held has been let go. */
  retire(): Promise<void> {
    this.#retired = true;
    if (this.#underWay === 0) this.#letGo();
    return this.#gone.promise;
  }

  /** The same, without waiting for requests that are under way: they are ended. */
  end(): Promise<void> {
    this.#letGo();
    return this.#gone.promise;
  }

  #letGo(): void {
    if (this.#lettingGo) return;
    this.#lettingGo = true;
    this.#gone.resolve(this.#held[Symbol.asyncDispose]());
  }
}
