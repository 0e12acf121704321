/** Streams of JSON, as lines outside: each line is a value, and the server takes and gives arrays of them. */

import { concat } from "../../bytes/source.ts";
import { Interruption } from "./client_error.ts";
import type { Framing } from "./send_queue.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const [TAB, NEWLINE, RETURN, SPACE] = [9, 10, 13, 32];
const [QUOTE, COMMA, OPEN, BACKSLASH, CLOSE, OPEN_OBJECT, CLOSE_OBJECT] = new TextEncoder().encode('",[\\]{}');

/** Cuts what is written into lines, and sends them as the elements of an array. */
export class LineFraming implements Framing {
  #begun: Bytes[] = [];
  held = 0;

  cut(bytes: Uint8Array): Bytes[] {
    const lines: Bytes[] = [];
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      this.#begin(bytes.subarray(from, end));
      lines.push(...this.rest());
      from = end + 1;
    }
    this.#begin(bytes.subarray(from));
    return lines;
  }

  rest(): Bytes[] {
    const line = concat(this.#begun);
    this.#begun = [];
    this.held = 0;
    return line.every(isSpace) ? [] : [line];
  }

  join(pieces: readonly Bytes[]): Bytes {
    const separated = pieces.flatMap((piece, i) => [new Uint8Array([i === 0 ? OPEN : COMMA]), piece]);
    return concat([...separated, new Uint8Array([CLOSE])]);
  }

  #begin(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#begun.push(bytes as Bytes);
    this.held += bytes.byteLength;
  }
}

/** Turns the bytes of a JSON array into a line for each element, without keeping any; the array has to be valid. */
export class ArrayLines {
  #depth = 0;
  #inText = false;
  #escaped = false;
  #empty = true;

  /** Turns the next bytes. */
  next(bytes: Uint8Array): Bytes {
    const lines = new Uint8Array(bytes.byteLength);
    let count = 0;
    for (const byte of bytes) {
      const out = this.#inText ? this.#text(byte) : this.#structure(byte);
      if (out !== undefined) lines[count++] = out;
    }
    return lines.subarray(0, count);
  }

  /** Makes sure that the array has ended. */
  end(): void {
    if (this.#depth !== 0) throw new Interruption("The server's answer ended in the middle of an array");
  }

  #text(byte: number): number {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inText = false;
    return byte;
  }

  #structure(byte: number): number | undefined {
    // Between elements white space means nothing, and another answer may have another; within them line breaks may not be.
    if (isSpace(byte)) return this.#depth <= 1 ? undefined : byte === NEWLINE || byte === RETURN ? SPACE : byte;
    if (byte === COMMA && this.#depth === 1) return NEWLINE;
    if (byte === CLOSE || byte === CLOSE_OBJECT) {
      if (--this.#depth === 0) return this.#empty ? undefined : NEWLINE;
      return byte;
    }
    if (byte === QUOTE) this.#inText = true;
    if (byte === OPEN || byte === OPEN_OBJECT) {
      if (++this.#depth === 1) return undefined;
    }
    this.#empty = false;
    return byte;
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB;
}
