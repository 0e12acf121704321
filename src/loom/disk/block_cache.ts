/** Blocks that were read lately, so that many readers of one place read it once. */

import { BLOCK_BYTES, PAYLOAD_BYTES } from "./block.ts";
import type { Owner, Segments } from "./segments.ts";

/** Enough for some hundred places that are read at a time. */
const CACHE_BLOCKS = 16 * 1024 * 1024 / BLOCK_BYTES;

/** Reads blocks, and remembers those that were read for few bytes. */
export class BlockCache {
  readonly #segments: Segments;
  /** Payloads, the one that was used last at the end. */
  readonly #payloads = new Map<string, Uint8Array<ArrayBuffer>>();

  constructor(segments: Segments) {
    this.#segments = segments;
  }

  /** See `Segments.read`. A long piece, as of somebody who reads all of a stream, drives nothing out. */
  async read(owner: Owner, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    const block = Math.floor((from - owner.base) / PAYLOAD_BYTES);
    const start = owner.base + block * PAYLOAD_BYTES;
    if (to > start + PAYLOAD_BYTES) return await this.#segments.read(owner, from, to);
    const key = `${owner.number}:${block}`;
    const payload = this.#payloads.get(key) ?? await this.#segments.read(owner, start, start + PAYLOAD_BYTES);
    this.#payloads.delete(key);
    this.#payloads.set(key, payload);
    if (this.#payloads.size > CACHE_BLOCKS) this.#payloads.delete(this.#payloads.keys().next().value!);
    return payload.subarray(from - start, to - start);
  }
}
