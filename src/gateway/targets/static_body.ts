/** Reads a file at the pace of its reader, off the event loop: a disk that is slow holds up nobody else. */

import { read } from "node:fs";
import type { Chunk, Source } from "../../bytes/source.ts";
import { gatewayLimits } from "../limits.ts";
import type { Opened } from "./static_open.ts";
import type { ByteRange } from "./static_ranges.ts";

/** What a body is made of, in order: bytes, and parts of the file. */
export type Piece = Uint8Array<ArrayBuffer> | ByteRange;

/** A reader that comes back within this gets more at a time, one that takes longer than the other less; milliseconds. */
const FAST_MS = 10;
const SLOW_MS = 100;

/** A body of a file. It closes the file at its end, however that comes. */
export class FileSource implements Source {
  readonly #opened: Opened;
  readonly #pieces: Piece[];
  #chunkBytes: number = gatewayLimits.staticChunkBytesMin;
  #handedOut = -Infinity;
  #isReading = false;
  #isOver = false;

  /** Takes the file over. */
  constructor(opened: Opened, pieces: readonly Piece[]) {
    this.#opened = opened;
    this.#pieces = [...pieces];
  }

  read(): Chunk | Promise<Chunk> {
    if (this.#isOver) return undefined;
    const piece = this.#pieces[0];
    if (piece === undefined) return this.#end();
    if (!(piece instanceof Uint8Array)) return this.#readPart(piece);
    this.#pieces.shift();
    return piece;
  }

  cancel(): void {
    this.#end();
  }

  async #readPart({ start, end }: ByteRange): Promise<Chunk> {
    this.#adapt(performance.now() - this.#handedOut);
    const chunk = new Uint8Array(Math.min(this.#chunkBytes, end - start));
    this.#isReading = true;
    try {
      const count = await readAt(this.#opened.fd, chunk, start);
      if (this.#isOver) return undefined;
      if (count === 0) throw new Error(`The file ends at ${start}, though it had ${end} bytes`);
      if (start + count < end) this.#pieces[0] = { start: start + count, end };
      else this.#pieces.shift();
      this.#handedOut = performance.now();
      return count === chunk.byteLength ? chunk : chunk.subarray(0, count);
    } catch (error) {
      this.#isOver = true;
      throw error;
    } finally {
      this.#isReading = false;
      if (this.#isOver) this.#opened[Symbol.dispose]();
    }
  }

  /** Large chunks cost less a byte; what a slow reader has not taken yet lies in memory. */
  #adapt(awayMs: number): void {
    const { staticChunkBytesMin, staticChunkBytesMax } = gatewayLimits;
    if (awayMs < FAST_MS) this.#chunkBytes = Math.min(staticChunkBytesMax, this.#chunkBytes * 2);
    else if (awayMs > SLOW_MS) this.#chunkBytes = Math.max(staticChunkBytesMin, this.#chunkBytes / 2);
  }

  /** A descriptor must not be closed while it is read from: its number may be another file's by then. */
  #end(): undefined {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isReading) this.#opened[Symbol.dispose]();
  }
}

function readAt(fd: number, into: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, into, 0, into.byteLength, position, (error, count) => error ? reject(error) : resolve(count));
  });
}
