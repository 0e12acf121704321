/** Chunked coding (RFC 9112 §7.1), decoded from a program's standard output, with its trailers. */

import { type Chunk, concat, type Source } from "../bytes/source.ts";
import { ProgramError } from "../errors.ts";
import { decodeLatin1, parseFields } from "./response_head.ts";

/** A size line with its extensions, or one trailer field. */
const LINE_BYTES_MAX = 8 * 1024;
/** Trailer fields in one response. */
const TRAILERS_MAX = 100;
const LF = 10;

/** Gives the content of the chunks; it ends at the last chunk, whatever follows. */
export class ChunkedSource implements Source {
  readonly #source: Source;
  readonly #onTrailers: (trailers: Headers) => void;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Bytes of the present chunk that are still to come. */
  #left = 0;
  #ended = false;

  /** @param onTrailers takes the trailers, possibly none, when the last chunk has come */
  constructor(source: Source, onTrailers: (trailers: Headers) => void) {
    this.#source = source;
    this.#onTrailers = onTrailers;
  }

  async read(): Promise<Chunk> {
    if (this.#ended) return undefined;
    if (this.#left === 0 && !await this.#nextChunk()) return undefined;
    if (this.#buffer.byteLength === 0) await this.#fill();
    const chunk = this.#buffer.subarray(0, this.#left);
    this.#buffer = this.#buffer.subarray(chunk.byteLength);
    this.#left -= chunk.byteLength;
    if (this.#left === 0 && await this.#line() !== "") throw broken("a chunk is longer than its size");
    return chunk;
  }

  cancel(reason?: unknown): void {
    this.#source.cancel(reason);
  }

  /** Reads a size; false at the last chunk. */
  async #nextChunk(): Promise<boolean> {
    const line = await this.#line();
    const size = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?$/.exec(line)?.[1];
    if (size === undefined) throw broken(`${JSON.stringify(line.slice(0, 80))} is not a chunk size`);
    this.#left = parseInt(size, 16);
    if (this.#left > 0) return true;
    this.#ended = true;
    this.#onTrailers(await this.#trailers());
    return false;
  }

  async #trailers(): Promise<Headers> {
    const lines: string[] = [];
    for (let line = await this.#line(); line !== ""; line = await this.#line()) {
      if (lines.push(line) > TRAILERS_MAX) throw broken("it has too many trailer fields");
    }
    return parseFields(lines);
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf(LF);
      const length = end === -1 ? this.#buffer.byteLength : end;
      if (length > LINE_BYTES_MAX) throw broken("a line is too long");
      if (end !== -1) {
        const line = decodeLatin1(this.#buffer.subarray(0, end));
        this.#buffer = this.#buffer.subarray(end + 1);
        return line.replace(/\r$/, "");
      }
      await this.#fill();
    }
  }

  async #fill(): Promise<void> {
    const chunk = await this.#source.read();
    if (chunk === undefined) throw broken("it ended before its last chunk");
    this.#buffer = this.#buffer.byteLength === 0 ? chunk : concat([this.#buffer, chunk]);
  }
}

function broken(why: string): ProgramError {
  return new ProgramError("exit", `The program's chunked response is broken: ${why}`);
}
