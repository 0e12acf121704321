/** Byte streams made of and read into what a test can compare. */

import { Buffer } from "node:buffer";
import { concat, type Source } from "../../src/bytes/source.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A source that gives these chunks, and tells whether it was cancelled. */
export class ChunkSource implements Source {
  cancelled = false;
  readonly #chunks: Bytes[];

  constructor(chunks: readonly Bytes[]) {
    this.#chunks = chunks.filter((chunk) => chunk.byteLength > 0);
  }

  read(): Promise<Bytes | undefined> {
    return Promise.resolve(this.#chunks.shift());
  }

  cancel(): void {
    this.cancelled = true;
    this.#chunks.length = 0;
  }
}

/** Everything that a source gives. */
export async function readAll(source: Source): Promise<Bytes> {
  const chunks: Bytes[] = [];
  for (let chunk = await source.read(); chunk; chunk = await source.read()) chunks.push(chunk);
  return concat(chunks);
}

/** Bytes of a text, each character one byte. */
export function latin1(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Text of bytes, each byte one character. */
export function fromLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1"); // TextDecoder's "latin1" is windows-1252
}

/** All ways to cut bytes in two, the uncut way among them, and the way in which each byte comes alone. */
export function* splits(bytes: Bytes): Generator<Bytes[]> {
  for (let at = 0; at < Math.max(bytes.byteLength, 1); at++) yield [bytes.slice(0, at), bytes.slice(at)];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
}
