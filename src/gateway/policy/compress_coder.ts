/**
 * Compresses on the way. Levels and window are what an answer can wait for: beyond them a byte saved costs more time than
 * it takes to send, and an open stream has its window in memory for as long as it lives.
 */

import zlib from "node:zlib";
import type { Chunk, Source } from "../../bytes/source.ts";
import { concat } from "../../bytes/source.ts";

/** Codings, the best first: at these levels gzip is as small as the others, in half the time and a quarter of the memory. */
export const CODINGS = ["gzip", "br", "zstd"] as const;

/** A coding that we compress with. */
export type Coding = typeof CODINGS[number];

type Bytes = Uint8Array<ArrayBuffer>;
type Stream = zlib.Gzip | zlib.BrotliCompress | zlib.ZstdCompress;

const { constants } = zlib;

/** 256 KiB. */
const WINDOW_BITS = 18;

const GZIP = { level: 6 };
const BROTLI = {
  params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS },
};
const ZSTD = {
  params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_windowLog]: WINDOW_BITS },
};

/** To compress holds up the event loop: so much at a time, bytes. */
const SLICE_BYTES = 64 * 1024;

/** Compresses at once what is known. */
export function compressBytes(bytes: Bytes, coding: Coding): Bytes {
  if (coding === "gzip") return zlib.gzipSync(bytes, GZIP) as Bytes;
  return (coding === "br" ? zlib.brotliCompressSync(bytes, BROTLI) : zlib.zstdCompressSync(bytes, ZSTD)) as Bytes;
}

/**
 * Compresses a stream. What comes of each chunk is given at once and can be read without the next one; the next one is
 * asked for only when somebody reads on.
 */
export class CompressedSource implements Source {
  readonly #source: Source;
  readonly #coding: Coding;
  readonly #stream: Stream;
  /** What the compressor gave and nobody has read yet: of one slice at most. */
  readonly #given: Bytes[] = [];
  /** What of a chunk is not compressed yet. */
  #rest: Bytes = new Uint8Array(0);
  #isOver = false;
  /** Told of a compressor that fails, or is given up, while it is waited for. */
  #onEnd: (error?: Error) => void = () => {};

  /** Takes the source over. */
  constructor(source: Source, coding: Coding) {
    this.#source = source;
    this.#coding = coding;
    this.#stream = coding === "gzip"
      ? zlib.createGzip(GZIP)
      : coding === "br"
      ? zlib.createBrotliCompress(BROTLI)
      : zlib.createZstdCompress(ZSTD);
    this.#stream.on("data", (bytes: Bytes) => this.#given.push(bytes));
    this.#stream.on("error", (error: Error) => this.#onEnd(error));
    this.#stream.on("close", () => this.#onEnd());
  }

  async read(): Promise<Chunk> {
    while (!this.#isOver) {
      if (this.#rest.byteLength === 0) {
        const chunk = await this.#next();
        if (this.#isOver) return undefined;
        if (chunk === undefined) return await this.#end();
        this.#rest = chunk;
      }
      await this.#compressSlice();
      const bytes = this.#take();
      if (bytes.byteLength > 0) return bytes;
    }
  }

  cancel(reason?: unknown): void {
    this.#isOver = true;
    this.#stream.destroy();
    this.#source.cancel(reason);
  }

  async #next(): Promise<Chunk> {
    try {
      return await this.#source.read();
    } catch (error) {
      this.#isOver = true;
      this.#stream.destroy();
      throw error;
    }
  }

  /** Flushes behind the last slice of a chunk: more may be long in coming. */
  #compressSlice(): Promise<void> {
    const slice = this.#rest.subarray(0, SLICE_BYTES);
    this.#rest = this.#rest.subarray(slice.byteLength);
    if (this.#rest.byteLength > 0) return this.#wait((done) => this.#stream.write(slice, done));
    return this.#wait((done) => {
      this.#stream.write(slice);
      this.#stream.flush(flushOf(this.#coding), done);
    });
  }

  async #end(): Promise<Chunk> {
    this.#isOver = true;
    await this.#wait((done) => {
      this.#stream.once("end", done);
      this.#stream.end();
    });
    return this.#take();
  }

  #wait(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onEnd = (error) => error ? reject(error) : resolve();
      start(resolve);
    });
  }

  #take(): Bytes {
    while (this.#stream.read() !== null); // what was not handed to us yet is now
    return concat(this.#given.splice(0));
  }
}

function flushOf(coding: Coding): number {
  if (coding === "gzip") return constants.Z_SYNC_FLUSH;
  return coding === "br" ? constants.BROTLI_OPERATION_FLUSH : constants.ZSTD_e_flush;
}
