/**
 * Bytes on their way into a stream. What arrives while an append is under way is put together into the next one: a quiet
 * producer's bytes are appended as they come, a fast one's in large pieces, and memory has a bound.
 */

import { BufferPool } from "../../bytes/buffer_pool.ts";
import { Gather } from "../../bytes/gather.ts";
import { limits } from "../../limits.ts";
import type { StreamEnd, StreamInfo, StreamStore } from "../stream_store.ts";

/** Appends at a time: while one is being stored, the next is collected and waits behind it. */
const FLIGHTS_MAX = 2;
/** What a chunk costs besides its bytes: a million chunks of one byte are no megabyte. */
const CHUNK_COST_BYTES = 512;

/** From so many bytes on an append takes a buffer that was used before. */
const POOLED_BYTES_MIN = 1024 * 1024;
/** An append, and the chunk with which it became large enough. */
const POOLED_BYTES_MAX = limits.uploadAppendBytes + 1024 * 1024;

/** One producer's way into a stream that it has made. It is alone: whoever else appends makes it fail. */
export class Upload {
  /** What all uploads of the process hold: many of them must not take all of its memory. */
  static #weightInAll = 0;
  readonly #store: StreamStore;
  readonly #stream: StreamInfo;
  readonly #onFailure: () => void;
  /** Where the stream ends when all appends so far are stored. */
  #tail: number;
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #weight = 0;
  readonly #buffers = new BufferPool(POOLED_BYTES_MAX, FLIGHTS_MAX);
  #flights = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** @param onFailure called when an append is refused, so that nobody waits for bytes that can't be stored */
  constructor(store: StreamStore, stream: StreamInfo, onFailure: () => void = () => {}) {
    this.#store = store;
    this.#stream = stream;
    this.#onFailure = onFailure;
    this.#tail = stream.tail;
  }

  /**
   * Takes bytes, to be stored as soon as may be. One call at a time.
   *
   * @param chunk not to be changed afterwards
   * @returns a promise when the next chunk has to wait for room
   * @throws {StreamError} what an append before was refused with
   */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    if (chunk.byteLength > limits.uploadAppendBytes) return this.#writeParts(chunk);
    if (this.#failure) throw this.#failure.error;
    this.#waiting.push(chunk);
    this.#weigh(chunk.byteLength + CHUNK_COST_BYTES);
    this.#launch();
    return this.#isFull() ? this.#room() : undefined;
  }

  /**
   * Stores what is left, and ends the stream; as aborted when something could not be stored.
   *
   * @throws {StreamError} what an append was refused with
   */
  async end(end: StreamEnd): Promise<void> {
    while (this.#flights >= FLIGHTS_MAX) await this.#landing();
    if (!this.#failure) this.#append(this.#take(), end);
    while (this.#flights > 0) await this.#landing();
    this.#weigh(-this.#weight); // what a failure has left
    if (!this.#failure) return;
    await this.#giveUp();
    throw this.#failure.error;
  }

  async #writeParts(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < chunk.byteLength; at += limits.uploadAppendBytes) {
      await this.write(chunk.subarray(at, at + limits.uploadAppendBytes));
    }
  }

  #weigh(bytes: number): void {
    this.#weight += bytes;
    Upload.#weightInAll += bytes;
  }

  #isFull(): boolean {
    const isCrowded = Upload.#weightInAll > limits.uploadBytesInAll;
    return this.#weight >= (isCrowded ? limits.uploadCrowdedBytes : limits.uploadAppendBytes);
  }

  async #room(): Promise<void> {
    while (this.#isFull() && !this.#failure) await this.#landing();
    if (this.#failure) throw this.#failure.error;
  }

  /** Appends what waits, when nothing is under way or much has come. */
  #launch(): void {
    if (this.#waiting.length === 0 || this.#failure) return;
    if (this.#flights === 0 || (this.#flights < FLIGHTS_MAX && this.#isFull())) this.#append(this.#take());
  }

  #take(): Uint8Array<ArrayBuffer> {
    const waiting = new Gather(this.#waiting);
    const bytes = isPooled(waiting.left)
      ? this.#buffers.take().subarray(0, waiting.left)
      : new Uint8Array(waiting.left);
    waiting.fill(bytes);
    this.#waiting = [];
    this.#weigh(-this.#weight);
    Upload.#weightInAll += bytes.byteLength; // until it is stored
    return bytes;
  }

  /** Begins an append. It names the tail it expects, so that none is stored behind one that failed. */
  async #append(bytes: Uint8Array<ArrayBuffer>, end?: StreamEnd): Promise<void> {
    const { id, number } = this.#stream;
    const expectedTail = this.#tail;
    this.#tail += bytes.byteLength;
    this.#flights++;
    try {
      await this.#store.append(id, bytes, { number, expectedTail, end });
    } catch (error) {
      this.#failure ??= { error };
      this.#onFailure();
    }
    Upload.#weightInAll -= bytes.byteLength;
    if (isPooled(bytes.byteLength)) this.#buffers.give(new Uint8Array(bytes.buffer));
    this.#flights--;
    this.#launch();
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Waits for the end of an append. */
  #landing(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  /** Tells the stream's readers that the rest will not come. */
  async #giveUp(): Promise<void> {
    try {
      const { id, number } = this.#stream;
      await this.#store.append(id, new Uint8Array(0), { number, end: "aborted" });
    } catch {
      // A store that fails can't be told, and one that is ended needs not: the first failure is the one that counts.
    }
  }
}

function isPooled(bytes: number): boolean {
  return bytes >= POOLED_BYTES_MIN && bytes <= POOLED_BYTES_MAX;
}
