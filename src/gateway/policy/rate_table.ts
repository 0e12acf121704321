/**
 * Counts requests by key, as a token bucket for each: GCRA keeps one number a key, the time at which its bucket would be
 * full again. What was not asked for longest is forgotten, a whole generation at a time, so that no key costs a search.
 */

/** How fast, and how many. */
export interface Rate {
  readonly requests: number;
  readonly windowMs: number;
  /** What a full bucket holds. */
  readonly burst: number;
}

/** What became of one request. */
export interface Verdict {
  readonly allowed: boolean;
  /** Requests that may come at once now. */
  readonly remaining: number;
  /** Until one more may come, milliseconds; at most 0 when the bucket is full. */
  readonly moreMs: number;
}

/** Buckets by key. */
export class RateTable {
  /** Between two requests at the even pace, milliseconds. */
  readonly #paceMs: number;
  /** How long an empty bucket takes to be full. */
  readonly #fullMs: number;
  readonly #keysMax: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #turnedAt = -Infinity;

  /** @param keysMax buckets that are remembered at least; twice as many at most */
  constructor({ requests, windowMs, burst }: Rate, keysMax: number) {
    this.#paceMs = windowMs / requests;
    this.#fullMs = this.#paceMs * Math.max(1, burst);
    this.#keysMax = keysMax;
  }

  /** Buckets that are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * Takes one from a bucket, if it is not empty.
   *
   * @param nowMs a clock that never goes back
   */
  take(key: string, nowMs: number): Verdict {
    this.#turn(nowMs);
    const fullAt = Math.max(nowMs, this.#young.get(key) ?? this.#old.get(key) ?? -Infinity);
    const then = fullAt + this.#paceMs;
    const spare = this.#fullMs - (then - nowMs);
    const allowed = spare >= -ROUNDING_MS;
    this.#young.set(key, allowed ? then : fullAt);
    const left = allowed ? spare : spare + this.#paceMs;
    const remaining = Math.max(0, Math.floor((left + ROUNDING_MS) / this.#paceMs));
    return { allowed, remaining, moreMs: (remaining + 1) * this.#paceMs - left };
  }

  /** Starts a generation when this one is large or old. A bucket of two generations ago is full, or one too many. */
  #turn(nowMs: number): void {
    if (this.#young.size < this.#keysMax && nowMs - this.#turnedAt < this.#fullMs) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#turnedAt = nowMs;
  }
}

/** Sums of fractions miss whole numbers by a little. */
const ROUNDING_MS = 1e-6;
