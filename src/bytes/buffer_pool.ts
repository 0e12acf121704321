/** Buffers that are used again: memory that a process touches for the first time costs more than to fill it. */

/** Keeps a few buffers of one size for those who need one for a while. */
export class BufferPool {
  readonly #bytes: number;
  readonly #keptMax: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /**
   * Makes an empty pool.
   *
   * @param bytes size of each buffer
   * @param keptMax buffers that are kept while nobody has them
   */
  constructor(bytes: number, keptMax: number) {
    this.#bytes = bytes;
    this.#keptMax = keptMax;
  }

  /** A buffer with whatever it was filled with before. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#free.pop() ?? new Uint8Array(this.#bytes);
  }

  /** Takes a buffer back; its bytes may change from now on. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (this.#free.length < this.#keptMax) this.#free.push(buffer);
  }
}
