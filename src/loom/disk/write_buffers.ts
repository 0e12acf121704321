/** Buffers to write from, used again: memory that a process touches for the first time costs more than to fill it. */

/** Two buffers that take turns, so that one can be filled while the other is written. */
export interface BufferPair extends Disposable {
  next(): Uint8Array<ArrayBuffer>;
}

/** Keeps buffers for those who write much. */
export class WriteBuffers {
  readonly #largest: number;
  /** Those that nobody writes from. */
  readonly #free: Uint8Array<ArrayBuffer>[] = [];

  /** @param largest bytes; smaller ones are not worth keeping */
  constructor(largest: number) {
    this.#largest = largest;
  }

  /** Two buffers of a size, until it is disposed; nothing may be written from them any more then. */
  take(bytes: number): BufferPair {
    const keeps = bytes === this.#largest;
    const pair: Uint8Array<ArrayBuffer>[] = [];
    let turn = 0;
    return {
      next: () => pair[turn ^= 1] ??= (keeps ? this.#free.pop() : undefined) ?? new Uint8Array(bytes),
      [Symbol.dispose]: () => {
        if (keeps && this.#free.length === 0) this.#free.push(...pair.filter(Boolean));
      },
    };
  }
}
