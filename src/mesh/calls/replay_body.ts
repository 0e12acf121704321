/** The body of a request that may have to be sent to one provider after another. */

import type { Chunk, Source } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import { Budget, type Claim } from "../../http/budget.ts";
import { bodySource, hasBody } from "../../http/served_request.ts";
import { meshLimits } from "../limits.ts";

const allReplays = new Budget(meshLimits.replaysBytes);

/** Keeps what was read of a body, as long as that is little. */
export class ReplayBody implements Disposable {
  readonly #request: Request;
  readonly #claim: Claim;
  #inner: Source | undefined;
  /** What was read and is kept; once it can't be replayed, only what its reader has not had. */
  #kept: Uint8Array<ArrayBuffer>[] = [];
  #keptBytes = 0;
  /** The next one of those for whoever reads. */
  #at = 0;
  /** Counts those who read; only the last one does, unless it has given up. */
  #turn = 0;
  #hasReader = false;
  #canReplay = true;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;
  /** What was asked for. The one who did may have given up meanwhile. */
  #asked: Promise<void> | undefined;

  /**
   * Makes one. It has to be disposed of when the request is not sent again any more.
   *
   * @param budget what all of them may keep together
   */
  constructor(request: Request, budget: Budget = allReplays) {
    this.#request = request;
    this.#claim = budget.claim();
  }

  /** Nobody has taken it yet: it is still in the request. */
  get isUntouched(): boolean {
    return this.#inner === undefined;
  }

  /** It can be had from its beginning. */
  get canReplay(): boolean {
    return this.#canReplay;
  }

  /**
   * The body from its beginning; undefined when the request has none. Whoever had it before gets no more of it.
   *
   * @throws {TypeError} when it can't be replayed, or somebody else has read it
   */
  source(): Source | undefined {
    if (!hasBody(this.#request)) return undefined;
    if (!this.#canReplay) throw new TypeError("Cannot send the body again: what was read of it was not kept");
    this.#inner ??= bodySource(this.#request);
    this.#at = 0;
    this.#hasReader = true;
    const turn = ++this.#turn;
    return {
      read: () => turn === this.#turn ? this.#read(turn) : undefined,
      cancel: (reason) => {
        if (turn === this.#turn) this.#leave(reason);
      },
    };
  }

  /** It is not sent again: nothing of it is kept any longer. Whoever has it reads on. */
  [Symbol.dispose](): void {
    this.#keepNothing();
    if (!this.#hasReader) this.#cancel();
  }

  #leave(reason: unknown): void {
    this.#turn++;
    this.#hasReader = false;
    if (!this.#canReplay) this.#cancel(reason);
  }

  #cancel(reason?: unknown): void {
    this.#kept = [];
    if (!this.#isEnded) this.#inner?.cancel(reason);
  }

  #read(turn: number): Chunk | Promise<Chunk> {
    const chunk = this.#kept[this.#at];
    if (chunk) {
      if (this.#canReplay) this.#at++;
      else this.#kept.shift();
      return chunk;
    }
    if (this.#failure) return Promise.reject(this.#failure.error);
    if (this.#isEnded) return undefined;
    if (this.#asked) return this.#after(this.#asked, turn);
    const step = this.#inner!.read();
    if (step instanceof Promise) return this.#after(this.#asked = this.#receive(step), turn);
    this.#take(step);
    return this.#read(turn);
  }

  async #after(asked: Promise<void>, turn: number): Promise<Chunk> {
    await asked;
    return turn === this.#turn ? await this.#read(turn) : undefined;
  }

  async #receive(step: Promise<Chunk>): Promise<void> {
    try {
      this.#take(await step);
    } catch (error) {
      this.#failure = { error };
    }
    this.#asked = undefined;
  }

  #take(chunk: Chunk): void {
    if (!chunk) {
      this.#isEnded = true;
      return;
    }
    if (this.#canReplay && !this.#claimed(chunk.byteLength)) this.#keepNothing();
    // A view of what was received would keep all of that.
    const isLoose = this.#canReplay && chunk.byteLength * 2 < chunk.buffer.byteLength;
    this.#kept.push(isLoose ? chunk.slice() : chunk);
  }

  #claimed(bytes: number): boolean {
    this.#keptBytes += bytes;
    if (this.#keptBytes > meshLimits.replayBytes) return false;
    try {
      this.#claim.take(bytes);
      return true;
    } catch (error) {
      if (error instanceof HttpError) return false; // the request is sent all the same, but only once
      throw error;
    }
  }

  #keepNothing(): void {
    if (!this.#canReplay) return;
    this.#canReplay = false;
    this.#kept.splice(0, this.#at);
    this.#at = 0;
    this.#claim[Symbol.dispose]();
  }
}
