/**
 * How much has come on one connection that nobody has read. The wire has no way to say "wait": when it is too much, nothing
 * more is read of the connection, which holds up everybody on it; so the body that holds the most is given up when nobody
 * goes on with it.
 */

import type { Clock } from "../clock.ts";
import { flatendLimits } from "./limits.ts";

/** A body that has come in part. */
export interface Gauged {
  /** Bytes that nobody has read. */
  readonly held: number;
  /** Gives it up: it holds nothing afterwards. */
  giveUp(): void;
}

/** The connection. */
export interface Tap {
  pause(): void;
  resume(): void;
}

/** Watches over one connection. */
export class Gauge {
  readonly #tap: Tap;
  readonly #clock: Clock;
  readonly #bodies = new Set<Gauged>();
  /** What all of them hold. */
  #held = 0;
  #stopClock: (() => void) | undefined;

  constructor(tap: Tap, clock: Clock) {
    this.#tap = tap;
    this.#clock = clock;
  }

  /** A body holds so many bytes more than before, or less. */
  note(body: Gauged, change: number): void {
    this.#held += change;
    if (body.held > 0) this.#bodies.add(body);
    else this.#bodies.delete(body);
    if (this.#stopClock) {
      if (!this.#isStillFull()) this.#open();
    } else if (body.held > flatendLimits.streamBytes || this.#held > flatendLimits.peerBytes) this.#close();
  }

  /** The connection has ended. */
  stop(): void {
    this.#stopClock?.();
    this.#stopClock = undefined;
  }

  #close(): void {
    this.#tap.pause();
    this.#stopClock = this.#clock.after(flatendLimits.stuckMs, () => {
      this.#open();
      const most = [...this.#bodies].reduce((most, body) => body.held > most.held ? body : most);
      most.giveUp();
      if (this.#isStillFull()) this.#close();
    });
  }

  #open(): void {
    this.stop();
    this.#tap.resume();
  }

  /** Less than half of what may be held is held when it goes on, so that it does not stop again at once. */
  #isStillFull(): boolean {
    if (this.#held > flatendLimits.peerBytes / 2) return true;
    return [...this.#bodies].some(({ held }) => held > flatendLimits.streamBytes / 2);
  }
}
