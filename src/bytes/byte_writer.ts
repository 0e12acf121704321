/** Writes what `ByteReader` reads. */

const encoder = new TextEncoder();

/** Grows as it is written to; big-endian, as networks write. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /**
   * Makes one that is empty.
   *
   * @param capacity bytes that it has room for before it grows
   */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** One byte. */
  u8(value: number): this {
    const at = this.#make(1); // first: there may be other bytes afterwards
    this.#bytes[at] = value;
    return this;
  }

  /** Two bytes. */
  u16(value: number): this {
    const at = this.#make(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  /** Four bytes. */
  u32(value: number): this {
    const at = this.#make(4);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
    return this;
  }

  /** Eight bytes of a number that is exact. */
  u53(value: number): this {
    return this.u32(Math.floor(value / 2 ** 32)).u32(value >>> 0);
  }

  /** Bytes as they are. */
  bytes(value: Uint8Array): this {
    const at = this.#make(value.byteLength);
    this.#bytes.set(value, at);
    return this;
  }

  /** UTF-8 behind a length of one byte. @throws {RangeError} when it is longer than that can say */
  text8(value: string): this {
    return this.#text(value, 1);
  }

  /** UTF-8 behind a length of two bytes. @throws {RangeError} when it is longer than that can say */
  text16(value: string): this {
    return this.#text(value, 2);
  }

  /** What was written: a view, valid until more is. */
  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #text(value: string, lengthBytes: 1 | 2): this {
    const start = this.#length;
    this.#make(lengthBytes + value.length * 3);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(start + lengthBytes));
    if (written >= 2 ** (8 * lengthBytes)) {
      throw new RangeError(`Cannot write a text of ${written} bytes: its length has ${lengthBytes}`);
    }
    this.#length = start;
    if (lengthBytes === 1) this.u8(written);
    else this.u16(written);
    this.#length += written;
    return this;
  }

  /** Makes room. @returns where it begins */
  #make(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.byteLength));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    return at;
  }
}
