/** Notices that the other side of a connection is gone without a word, as a machine is that lost its power. */

import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";

/** What is done about silence. */
export interface LifeSignHost {
  /** Asks for a sign of life. */
  ping(): void;
  /** None came. */
  dead(): void;
}

/** Looks at times whether something came; one timer, whatever comes. */
export class LifeSign {
  readonly #clock: Clock;
  readonly #host: LifeSignHost;
  #hasHeard = false;
  #hasAsked = false;
  #stopClock: () => void;

  constructor(clock: Clock, host: LifeSignHost) {
    this.#clock = clock;
    this.#host = host;
    this.#stopClock = clock.after(meshLimits.pingMs, () => this.#look());
  }

  /** Something came. */
  heard(): void {
    this.#hasHeard = true;
  }

  /** Looks no more. */
  stop(): void {
    this.#stopClock();
  }

  #look(): void {
    if (this.#hasAsked && !this.#hasHeard) return this.#host.dead();
    const isQuiet = !this.#hasHeard;
    this.#hasHeard = false;
    this.#hasAsked = isQuiet;
    this.#stopClock = this.#clock.after(isQuiet ? meshLimits.pongMs : meshLimits.pingMs, () => this.#look());
    if (isQuiet) this.#host.ping();
  }
}
