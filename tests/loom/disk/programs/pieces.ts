/**
 * What streams hold in the crash test: piece after piece, each made from the stream's id and its number alone, so that a
 * lost, doubled, moved or foreign byte shows when a stream is compared with what it has to be.
 */

/** How streams of a kind are filled. */
export interface Kind {
  readonly contentType: string;
  /** Bytes of a piece. */
  readonly least: number;
  readonly most: number;
  /** A stream is closed, and followed by another one, when it has so many bytes. */
  readonly full: number;
  /** Pieces under way at a time, sent by an idempotent producer. */
  readonly flights?: number;
}

export const KINDS: Readonly<Record<string, Kind>> = {
  small: { contentType: "text/plain", least: 10, most: 400, full: 60_000 },
  medium: { contentType: "text/plain", least: 100_000, most: 200_000, full: 1_500_000 },
  large: { contentType: "application/octet-stream", least: 250_000, most: 1_048_576, full: 5_000_000 },
  json: { contentType: "application/json", least: 50, most: 3000, full: 100_000 },
  producer: { contentType: "text/plain", least: 50, most: 90_000, full: 900_000, flights: 3 },
};

/** The kind of a stream: its id is `kind/lane/generation`. */
export function kindOf(id: string): Kind {
  return KINDS[id.slice(0, id.indexOf("/"))];
}

const encoder = new TextEncoder();
const POOL = makePool(2 * 1_048_576);

/** A piece of a stream as it is stored. Of a JSON stream: one message, and the newline behind it. */
export function piece(id: string, number: number): Uint8Array<ArrayBuffer> {
  const { contentType, least, most } = kindOf(id);
  const random = randomFrom(hash(`${id}:${number}`));
  const length = least + Math.floor(random() * (most - least));
  if (contentType === "application/json") {
    return encoder.encode(JSON.stringify({ id, number, text: "x".repeat(length) }) + "\n");
  }
  const head = encoder.encode(`<${id}:${number}>`);
  const bytes = new Uint8Array(head.byteLength + length);
  bytes.set(head);
  const from = Math.floor(random() * (POOL.byteLength - length));
  bytes.set(POOL.subarray(from, from + length), head.byteLength);
  return bytes;
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum;
}

function makePool(length: number): Uint8Array<ArrayBuffer> {
  const random = randomFrom(1);
  const words = Uint32Array.from({ length: length / 4 }, () => random() * 2 ** 32);
  return new Uint8Array(words.buffer);
}
