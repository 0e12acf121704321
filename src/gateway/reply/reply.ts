/** A reply as it stands between the socket that it comes in by and the client that waits for it. */

import type { Chunk, Source } from "../../bytes/source.ts";

/** What became of a reply: the client had all of it, or left; its time was up; whoever replied broke off. */
export type Delivery = "whole" | "gone" | "late" | "broken";

/** A reply. */
export interface Reply {
  /** 200 to 599. */
  readonly status: number;
  /** The fields that are meant for the client. */
  readonly headers: Headers;
  /** Bytes of the body, where they are known. */
  readonly contentLength: number | undefined;
  readonly body: Source | undefined;
}

/** One who waits for a reply. */
export interface ReplyWaiter {
  /**
   * Takes the reply, once; resolves when it is known what became of it. What has not been read of its body by then is for
   * nobody.
   */
  deliver(reply: Reply): Promise<Delivery>;
}

/**
 * The body of a reply on its way to the client, read as fast as the client takes it. It never ends well unless it was read
 * to its end.
 */
export class ReplyBody implements Source {
  /** Resolves once it is known what became of the body. */
  readonly delivery: Promise<Delivery>;
  readonly #source: Source;
  readonly #onMove: () => void;
  readonly #settled = Promise.withResolvers<Delivery>();
  #error: unknown;
  /** Ends the read that waits, if one does. */
  #giveUp: ((error: unknown) => void) | undefined;

  constructor(source: Source, onMove: () => void) {
    this.#source = source;
    this.#onMove = onMove;
    this.delivery = this.#settled.promise;
  }

  async read(): Promise<Chunk> {
    this.#onMove();
    try {
      const chunk = await this.#next();
      this.#onMove();
      if (!chunk) this.#settled.resolve("whole");
      return chunk;
    } catch (error) {
      this.stop("broken", error);
      throw error;
    }
  }

  cancel(): void {
    this.stop("gone", new Error("The client has left"));
  }

  /** Breaks it off, if it has not ended: whoever reads is told of the error. What is left stays in the source. */
  stop(delivery: Delivery, error: unknown): void {
    this.#error ??= error;
    this.#settled.resolve(delivery);
    this.#giveUp?.(error);
  }

  #next(): Promise<Chunk> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      Promise.resolve(this.#source.read()).then(resolve, reject);
    });
  }
}
