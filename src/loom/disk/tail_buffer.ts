/** The last bytes of a stream, which lie in no block yet: one growing buffer, of which readers get views. */

const LEAST_BYTES = 64;
const EMPTY = new Uint8Array(0);

/** Bytes from a position to the end of a stream. What was given out stays as it is. */
export class TailBuffer {
  #from: number;
  #length = 0;
  #bytes: Uint8Array<ArrayBuffer>;

  /** @param from position of the first byte */
  constructor(from: number, bytes: Uint8Array = EMPTY) {
    this.#from = from;
    this.#bytes = bytes.byteLength === 0 ? EMPTY : new Uint8Array(bytes);
    this.#length = bytes.byteLength;
  }

  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#from + this.#length;
  }

  /** Memory that it takes. */
  get capacity(): number {
    return this.#bytes.byteLength;
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.byteLength;
    if (length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(LEAST_BYTES, 2 ** Math.ceil(Math.log2(length))));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  /** A view of the bytes between two positions. */
  view(from: number, to: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(from - this.#from, to - this.#from);
  }

  /** Forgets what lies before a position. */
  dropBefore(position: number): void {
    if (position <= this.#from) return;
    this.#bytes = this.#bytes.slice(position - this.#from, this.#length);
    this.#length = this.#bytes.byteLength;
    this.#from = position;
  }
}
