/**
 * Cursors of live reads (Durable Streams 1.0 §8.1): they count intervals of time, so that readers who wait at one place
 * ask for one URL and a cache can answer them together, but never for the same URL for ever.
 */

const INTERVAL_MS = 20_000;
const EPOCH_MS = Date.UTC(2024, 9, 9);
/** An answer to a cursor that is not behind jumps ahead by up to an hour, at random, so that readers part. */
const JITTER_INTERVALS = 3_600_000 / INTERVAL_MS;

/** The number of the interval that a time lies in. */
export function intervalAt(timeMs: number): number {
  return Math.floor((timeMs - EPOCH_MS) / INTERVAL_MS);
}

/**
 * The cursor to answer with: the interval of now, or what is greater than the reader's cursor.
 *
 * @param given the reader's cursor; one that we never gave counts for nothing
 * @param random 0 to 1, less than 1
 */
export function nextCursor(given: string | undefined, nowMs: number, random: () => number = Math.random): number {
  const now = intervalAt(nowMs);
  if (given === undefined || !/^\d{1,15}$/.test(given) || Number(given) < now) return now;
  return Number(given) + 1 + Math.floor(random() * JITTER_INTERVALS);
}
