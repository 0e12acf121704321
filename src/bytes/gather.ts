/** Bytes from several chunks, taken one after the other without putting them together first. */

import { concat } from "./source.ts";

/** Chunks that are taken from their beginning on. */
export class Gather {
  readonly #chunks: readonly Uint8Array<ArrayBuffer>[];
  #index = 0;
  /** How much is taken of the chunk at `#index`. */
  #at = 0;
  #left: number;

  constructor(chunks: readonly Uint8Array<ArrayBuffer>[]) {
    this.#chunks = chunks;
    this.#left = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  }

  /** Bytes that are still to be taken. */
  get left(): number {
    return this.#left;
  }

  /** Fills all of a target; there have to be so many left. */
  fill(target: Uint8Array): void {
    for (let done = 0; done < target.byteLength;) {
      const some = this.#chunks[this.#index].subarray(this.#at, this.#at + target.byteLength - done);
      target.set(some, done);
      this.#skip(some.byteLength);
      done += some.byteLength;
    }
  }

  /** Takes all that is left. */
  rest(): Uint8Array<ArrayBuffer> {
    const [first, ...others] = this.#chunks.slice(this.#index);
    const rest = first ? concat([first.subarray(this.#at), ...others]) : new Uint8Array(0);
    this.#index = this.#chunks.length;
    this.#left = 0;
    return rest;
  }

  #skip(bytes: number): void {
    this.#left -= bytes;
    this.#at += bytes;
    if (this.#at < this.#chunks[this.#index].byteLength) return;
    this.#index++;
    this.#at = 0;
  }
}
