/**
 * Which instance of a service takes the next request: of two that are picked at random the one with fewer requests under
 * way. That is nearly as even as to look at all of them, and does not send every request to the one that has just come.
 */

import { limits } from "../limits.ts";
import type { Service } from "./service.ts";

/** Options of {@linkcode Balance}. */
export interface BalanceOptions {
  /** Gives numbers from 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** How long an instance that could not be reached is passed over, milliseconds. Default 2000. */
  readonly avoidMs?: number;
}

/** Counts requests under way, and remembers who could not be reached. */
export class Balance {
  readonly #random: () => number;
  readonly #avoidMs: number;
  readonly #underWay = new Map<string, number>();
  /** Until when each is passed over, the oldest first. */
  readonly #avoided = new Map<string, number>();

  constructor(options: BalanceOptions = {}) {
    this.#random = options.random ?? Math.random;
    this.#avoidMs = options.avoidMs ?? limits.routeAvoidMs;
  }

  /** Requests under way to one. */
  underWay(id: string): number {
    return this.#underWay.get(id) ?? 0;
  }

  /**
   * Picks one; undefined when there is none. Those that could not be reached get their turn when there are no others.
   *
   * @param nowMs a clock that never goes back
   */
  pick(services: readonly Service[], nowMs: number): Service | undefined {
    const reachable = this.#avoided.size === 0 ? services : services.filter(({ id }) => !this.#isAvoided(id, nowMs));
    const among = reachable.length > 0 ? reachable : services;
    const first = this.#below(among.length);
    if (among.length < 2) return among[first];
    const other = this.#below(among.length - 1);
    const second = other < first ? other : other + 1;
    return this.underWay(among[second].id) < this.underWay(among[first].id) ? among[second] : among[first];
  }

  /** One more request is under way. */
  begin(id: string): void {
    this.#underWay.set(id, this.underWay(id) + 1);
  }

  /** One has ended. */
  end(id: string): void {
    const count = this.underWay(id) - 1;
    if (count > 0) this.#underWay.set(id, count);
    else this.#underWay.delete(id);
  }

  /** It could not be reached. */
  avoid(id: string, nowMs: number): void {
    this.#avoided.delete(id); // it goes to the end
    this.#avoided.set(id, nowMs + this.#avoidMs);
    for (const [oldest, until] of this.#avoided) {
      if (until > nowMs && this.#avoided.size <= limits.routeAvoided) break;
      this.#avoided.delete(oldest);
    }
  }

  #isAvoided(id: string, nowMs: number): boolean {
    const until = this.#avoided.get(id);
    if (until === undefined) return false;
    if (until > nowMs) return true;
    this.#avoided.delete(id);
    return false;
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }
}
