/** Where a server's certificate and key come from, and by which clock they age. */

import type { TlsPair } from "../../http/tls.ts";
import { pause } from "../../net/backoff.ts";

/** One kind of source. The first pair comes from `open`; after that, `look` is called from time to time. */
export interface PairSource {
  /**
   * The pair to begin with.
   *
   * @throws {TypeError} there can be none, and the operator has to do something
   */
  open(): Promise<TlsPair>;
  /** Looks whether another pair is due, and gets it; undefined: the same goes on. A failure is logged, not thrown. */
  look(signal: AbortSignal): Promise<TlsPair | undefined>;
  /** When there is something to do next, milliseconds of the epoch. */
  readonly due: number;
  /**
   * Reads again what the operator may have changed; undefined: nothing.
   *
   * @throws {TypeError} it can't be used, and the pair before it stays
   */
  reload(): Promise<TlsPair | undefined>;
}

/** Time. Certificates expire by the clock on the wall, which jumps when a machine wakes up. */
export interface Clock {
  /** Milliseconds of the epoch. */
  now(): number;
  /** Waits; the signal ends it with its reason. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's own. */
export const systemClock: Clock = { now: Date.now, pause };
