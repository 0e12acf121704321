/** Time, which a simulation brings itself. */

/** Gives the time, and calls back. */
export interface Clock {
  /** Milliseconds since some moment; never goes back, whatever is done to the machine's clock. */
  nowMs(): number;
  /** Milliseconds since 1970 (UTC), as far as the machine knows: for what other machines read. */
  wallMs(): number;
  /** Calls a function once, later. @returns what takes that back */
  after(ms: number, call: () => void): () => void;
}

/** That of the machine. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
