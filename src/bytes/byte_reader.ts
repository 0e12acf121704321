/** Reads numbers and fields of bytes that came from a stranger: nothing is read that is not there. */

/** Bytes that are not what they should be: too few, too many, or not allowed. */
export class MalformedError extends Error {
  /** `MalformedError`. */
  override readonly name = "MalformedError";
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads from the beginning on; big-endian, as networks write. */
export class ByteReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  /** Bytes that are still to be read. */
  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  /** One byte. */
  u8(): number {
    return this.#bytes[this.#take(1)];
  }

  /** Two bytes. */
  u16(): number {
    const at = this.#take(2);
    return this.#bytes[at] << 8 | this.#bytes[at + 1];
  }

  /** Four bytes. */
  u32(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
  }

  /** Eight bytes, as far as numbers are exact. */
  u53(): number {
    const high = this.u32();
    if (high > 0x1f_ffff) throw new MalformedError("A number is larger than 2^53");
    return high * 2 ** 32 + this.u32();
  }

  /** So many bytes: a view of what is read, not a copy. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** All that is left: a view. */
  rest(): Uint8Array<ArrayBuffer> {
    return this.bytes(this.left);
  }

  /** UTF-8 of so many bytes. */
  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return decoder.decode(bytes);
    } catch {
      throw new MalformedError("A text is not UTF-8");
    }
  }

  /** UTF-8 behind a length of one byte. */
  text8(): string {
    return this.text(this.u8());
  }

  /** UTF-8 behind a length of two bytes. */
  text16(): string {
    return this.text(this.u16());
  }

  /** Says that nothing more is expected. */
  end(): void {
    if (this.left > 0) throw new MalformedError(`${this.left} bytes are left over`);
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.left) throw new MalformedError(`${count} bytes are needed where ${this.left} are left`);
    this.#at += count;
    return at;
  }
}
