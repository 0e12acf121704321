/** Bodies that have to be held in memory to be parsed, or to be stored whole. */

import { concat, type Source } from "../bytes/source.ts";
import type { Claim } from "./budget.ts";

/** How much may be held. */
export interface CollectOptions {
  /** Bytes. */
  readonly max: number;
  /** What the bytes are taken of, as they come. */
  readonly memory: Claim;
  /** Makes the error for a body of more bytes. */
  tooLarge(): Error;
}

/**
 * Collects all of a source, and cancels it when that fails.
 *
 * @throws {HttpError} 503 when the memory is used up; what `tooLarge` makes; what the source throws
 */
export async function collectBody(source: Source, options: CollectOptions): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let total = 0;
  try {
    for (let chunk = await source.read(); chunk; chunk = await source.read()) {
      chunks.push(chunk);
      total += chunk.byteLength;
      if (total > options.max) throw options.tooLarge();
      options.memory.take(chunk.byteLength);
    }
  } catch (error) {
    source.cancel();
    throw error;
  }
  return concat(chunks);
}
