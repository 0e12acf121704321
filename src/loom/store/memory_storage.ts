/** Streams in memory: gone with the process. */

import { concat } from "../../bytes/source.ts";
import { limits } from "../../limits.ts";
import { applyChange, applyTouch, type Change, type Storage, type StoredStream } from "./storage.ts";

/** What was appended, in the order of its positions. */
interface Part {
  readonly from: number;
  readonly timeMs: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Keeps everything in memory. */
export class MemoryStorage implements Storage {
  readonly #parts = new Map<number, Part[]>();
  #last = 0;

  async *load(): AsyncIterable<StoredStream> {}

  nextNumber(): number {
    return ++this.#last;
  }

  // deno-lint-ignore require-await -- others have to wait
  async commit(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      const { stored: { number, document }, created, removed, bytes } = change;
      if (removed) this.#parts.delete(number);
      if (created) this.#parts.set(number, []);
      const from = created ? document.base : document.tail;
      if (!removed) applyChange(change, limits.streamProducers);
      const parts = this.#parts.get(number)!;
      if (bytes && bytes.byteLength > 0) {
        parts.push({ from, timeMs: document.appendedAt, bytes: new Uint8Array(bytes) });
      }
      if (change.set?.start) parts.splice(0, firstBehind(parts, document.start));
    }
  }

  read({ number }: StoredStream, from: number, to: number): Uint8Array<ArrayBuffer> {
    const parts = this.#parts.get(number) ?? [];
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (let i = firstBehind(parts, from); i < parts.length && parts[i].from < to; i++) {
      chunks.push(parts[i].bytes.subarray(Math.max(0, from - parts[i].from), to - parts[i].from));
    }
    return concat(chunks);
  }

  positionAt({ number, document }: StoredStream, timeMs: number): Promise<number> {
    const part = this.#parts.get(number)!.find((part) => part.timeMs >= timeMs);
    return Promise.resolve(part?.from ?? document.tail);
  }

  touch(stored: StoredStream, timeMs: number): void {
    applyTouch(stored, timeMs);
  }

  async close(): Promise<void> {}
}

function end(part: Part): number {
  return part.from + part.bytes.byteLength;
}

/** The first part that ends behind a position. */
function firstBehind(parts: readonly Part[], position: number): number {
  let [low, high] = [0, parts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (end(parts[middle]) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
