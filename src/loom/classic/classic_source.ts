/** A stream as a source: a reader that is slower than the producer holds one piece, and reads the next when it may. */

import type { Chunk, Source } from "../../bytes/source.ts";
import { limits } from "../../limits.ts";
import { StreamError } from "../stream_error.ts";
import type { StreamEnd, StreamInfo, StreamStore } from "../stream_store.ts";

/** Which part of a stream is read. */
export interface Part {
  readonly from: number;
  /** The end; without it the stream is followed until it ends. */
  readonly to?: number;
}

/** Reads a stream. It breaks when the stream is aborted, deleted or replaced before its end was reached. */
export class StreamSource implements Source {
  readonly #store: StreamStore;
  readonly #stream: StreamInfo;
  readonly #to: number | undefined;
  readonly #cancelled = new AbortController();
  readonly #signal: AbortSignal;
  #at: number;
  #end: StreamEnd | undefined;

  /** @param signal aborts when the reader leaves */
  constructor(store: StreamStore, stream: StreamInfo, part: Part, signal: AbortSignal) {
    this.#store = store;
    this.#stream = stream;
    this.#at = part.from;
    this.#to = part.to;
    this.#signal = part.to === undefined ? AbortSignal.any([signal, this.#cancelled.signal]) : signal;
  }

  async read(): Promise<Chunk> {
    const { id, number } = this.#stream;
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.#at === this.#to || this.#end === "closed") return undefined;
      if (this.#end === "aborted") throw new StreamError("closed", "The producer of the stream broke off");
      const bytes = await this.#next();
      if (bytes.byteLength > 0) return bytes;
      if (this.#end || this.#cancelled.signal.aborted) continue;
      if (this.#to !== undefined) throw new StreamError("corrupt", `The stream ends before byte ${this.#to}`);
      await this.#store.wait(id, number, this.#at, this.#signal);
    }
  }

  cancel(): void {
    this.#cancelled.abort();
  }

  async #next(): Promise<Uint8Array<ArrayBuffer>> {
    const { id, number } = this.#stream;
    const max = Math.min(limits.readPieceBytes, (this.#to ?? Infinity) - this.#at);
    const { bytes, next, end } = await this.#store.read(id, this.#at, max);
    if (this.#store.head(id)?.number !== number) throw new StreamError("not-found", "The stream was replaced");
    this.#at = next;
    if (this.#to === undefined) this.#end = end;
    return bytes;
  }
}
