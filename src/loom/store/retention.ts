/** How long and how much is kept, and what a store may hold. */

import type { StreamBytes } from "./stream_bytes.ts";
import type { Stream } from "./stream.ts";

/** Bounds of a store; none by default, but for the size of an append. */
export interface StoreLimits {
  /** One append, bytes. Default 64 MiB. */
  readonly appendBytes?: number;
  /** A stream that would grow beyond so many bytes refuses to. */
  readonly streamBytes?: number;
  /** All streams together; a store that would grow beyond refuses to. */
  readonly totalBytes?: number;
  /** How many streams there may be. */
  readonly streams?: number;
  /** Of each stream the last so many bytes are kept. */
  readonly keepBytes?: number;
  /** What was appended longer ago than so many milliseconds is let go. */
  readonly keepMs?: number;
  /** A stream to which nothing is appended for so many milliseconds is ended as aborted. */
  readonly idleMs?: number;
}

/** Where a stream is to begin from now on; what a fork needs is kept. */
export async function retainedStart(
  stream: Stream,
  bounds: StoreLimits,
  now: number,
  bytes: StreamBytes,
): Promise<number> {
  const { start, tail, base, appendedAt } = stream.document;
  if (stream.forks > 0) return start;
  let wanted = bounds.keepBytes === undefined ? start : tail - bounds.keepBytes;
  if (bounds.keepMs !== undefined && tail > start) {
    const since = now - bounds.keepMs;
    wanted = Math.max(wanted, appendedAt < since ? tail : await bytes.positionAt(stream, since));
  }
  if (wanted <= Math.max(start, base)) return start;
  return await bytes.boundary(stream, wanted);
}
