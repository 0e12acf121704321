/** One answer that is recorded while its client reads it. */

import type { Chunk, Source } from "../bytes/source.ts";
import type { StreamEnd, StreamInfo, StreamStore } from "./stream_store.ts";
import { Upload } from "./classic/upload.ts";

/** Whether an answer is still wanted: one whose client has left is lost once nobody stays for it. */
export class Fate {
  readonly #over: AbortSignal | undefined;
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();

  /** @param over when it aborts, answers whose clients have left are not recorded to their ends any more */
  constructor(over?: AbortSignal) {
    this.#over = over;
  }

  /** Aborts when the answer is given up. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** The client has left. */
  leave(): void {
    if (this.#over?.aborted) return this.#lost.abort();
    this.#over?.addEventListener("abort", () => this.#lost.abort(), { once: true, signal: this.#ended.signal });
  }

  /** The answer has ended: nothing can be lost. */
  end(): void {
    this.#ended.abort();
  }
}

/**
 * The answer's bytes, each of which goes into the stream before it goes to the client:
 *
 *     read by the client --leaves--> read by the recording --lost--> cancelled: aborted
 *          |                               |
 *          +-------------------------------+--end--> closed
 *                                          +--break--> aborted
 *
 * In each state a store that fails ends the recording, and the client gets the rest of its answer all the same.
 */
export class Recording implements Source {
  readonly #answer: Source;
  readonly #fate: Fate;
  readonly #tell: (error: unknown) => void;
  /** Undefined when nothing more is stored. */
  #upload: Upload | undefined;
  /** The last read; one at a time. */
  #reading: Promise<Chunk> = Promise.resolve(undefined);
  #left = false;
  #ended = false;

  /** @param tell takes what the store failed with, once */
  constructor(answer: Source, store: StreamStore, stream: StreamInfo, fate: Fate, tell: (error: unknown) => void) {
    this.#answer = answer;
    this.#fate = fate;
    this.#tell = tell;
    this.#upload = new Upload(store, stream);
    fate.lost.addEventListener("abort", () => this.#stop(), { once: true });
    if (fate.lost.aborted) this.#stop();
  }

  read(): Promise<Chunk> {
    return this.#reading = this.#read();
  }

  /** The client has left. */
  cancel(): void {
    if (this.#left || this.#ended) return;
    this.#left = true;
    this.#fate.leave();
    if (!this.#fate.lost.aborted) this.#readOn();
  }

  async #read(): Promise<Chunk> {
    let chunk: Chunk;
    try {
      chunk = await this.#answer.read();
    } catch (error) {
      await this.#end("aborted");
      throw error;
    }
    if (chunk) await this.#store(chunk.slice()); // the client may do with its bytes what it likes
    else await this.#end(this.#fate.lost.aborted ? "aborted" : "closed");
    return chunk;
  }

  async #store(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.#upload?.write(chunk);
    } catch {
      await this.#finish("aborted"); // it fails for the same reason, and tells it
    }
  }

  async #end(end: StreamEnd): Promise<void> {
    this.#ended = true;
    this.#fate.end();
    await this.#finish(end);
  }

  async #finish(end: StreamEnd): Promise<void> {
    const upload = this.#upload;
    this.#upload = undefined;
    try {
      await upload?.end(end);
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Reads in the client's place, as long as the store takes it. */
  async #readOn(): Promise<void> {
    try {
      await this.#reading;
      while (this.#upload && await this.read());
      if (!this.#ended) this.#answer.cancel();
    } catch {
      // The answer broke, and the stream was told.
    }
  }

  /** Gives the answer up. */
  async #stop(): Promise<void> {
    if (this.#ended) return;
    this.#answer.cancel();
    await this.#reading.catch(() => {/* it broke because it was given up, or before */});
    await this.#end("aborted");
  }
}
