/** What is there of a body when its head is sent: together they are one message, which costs as much as each alone. */

import { type Chunk, prepend, resume, type Source } from "../../bytes/source.ts";
import { meshLimits } from "../limits.ts";

/** A body that is known takes two of them to come out of a `Response`; some more where others stand in between. */
const MICROTASKS = 12;

const ended: Source = { read: () => undefined, cancel: () => {} };

/**
 * Waits for what comes at once.
 *
 * @returns the same source, which gives that without a promise
 */
export async function early(source: Source): Promise<Source> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let bytes = 0; bytes < meshLimits.turnBytes;) {
    const step = source.read();
    let chunk: Chunk;
    if (step instanceof Promise) {
      const seen = await settled(step);
      if (!seen) return prepend(chunks, resume(step, source));
      chunk = seen.chunk;
    } else {
      chunk = step;
    }
    if (!chunk) return prepend(chunks, ended);
    chunks.push(chunk);
    bytes += chunk.byteLength;
  }
  return prepend(chunks, source);
}

/** What a promise has come to; undefined when it has not, or was rejected. */
async function settled(step: Promise<Chunk>): Promise<{ readonly chunk: Chunk } | undefined> {
  let seen: { readonly chunk: Chunk } | undefined;
  let isSettled = false;
  step.then((chunk) => {
    seen = { chunk };
    isSettled = true;
  }, () => isSettled = true); // it is told to whoever reads it
  for (let i = 0; i < MICROTASKS && !isSettled; i++) await undefined;
  return seen;
}
