/** What came of a body and nobody has read: it takes about as much memory as it has bytes, however it came. */

import type { Chunk } from "../../bytes/source.ts";

/** A chunk of less than this part of the message it came in is copied, because it would keep all of that. */
const SHARE = 1 / 4;
/** Chunks are joined to so much: each takes some hundred bytes besides its own. */
const JOINED_BYTES = 4 * 1024;

/** Chunks, the first one first. */
export class ChunkQueue {
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  /** The last one is a copy, at the beginning of a buffer that nobody else has. */
  #isCopy = false;

  /** Nothing is there. */
  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Adds one, which is a view of a message. */
  push(chunk: Uint8Array<ArrayBuffer>): void {
    const { byteLength } = chunk;
    if (byteLength === 0) return;
    const last = this.#isCopy ? this.#chunks.at(-1) : undefined;
    if (last && last.byteLength + byteLength <= JOINED_BYTES) {
      this.#chunks[this.#chunks.length - 1] = joined(last, chunk);
      return;
    }
    this.#isCopy = byteLength < JOINED_BYTES || byteLength < SHARE * chunk.buffer.byteLength;
    this.#chunks.push(this.#isCopy ? chunk.slice() : chunk);
  }

  /** Takes the first one. */
  shift(): Chunk {
    return this.#chunks.shift();
  }

  /** Takes all. */
  takeAll(): Uint8Array<ArrayBuffer>[] {
    return this.#chunks.splice(0);
  }
}

function joined(last: Uint8Array<ArrayBuffer>, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = last.byteLength + chunk.byteLength;
  let buffer = new Uint8Array(last.buffer);
  if (end > buffer.byteLength) {
    buffer = new Uint8Array(Math.min(2 * end, JOINED_BYTES));
    buffer.set(last);
  }
  buffer.set(chunk, last.byteLength);
  return buffer.subarray(0, end);
}
