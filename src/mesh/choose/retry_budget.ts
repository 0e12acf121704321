/**
 * How many calls may be tried again: a fifth of all, however many fail. When everything fails, retries multiply what
 * comes in by 1.2, and not by the number of tries.
 */

import { meshLimits } from "../limits.ts";

/** The window is counted in pieces: it moves on by one of them. */
const PIECES = 10;

/** A fifth of five calls is not quite one in binary fractions. */
const ROUNDING = 1e-9;

/** Options of {@linkcode RetryBudget}. */
export interface RetryBudgetOptions {
  /** Retries to a call, over the window. */
  readonly share?: number;
  /** Retries a second that there may be however few calls there are. */
  readonly floorPerSecond?: number;
}

/**
 * The budget for one service. Each second earns its share of the calls in it, or the floor, whichever is more, so that the
 * floor comes not on top; what is not spent is lost when the window has passed. So an outage spends at once what was
 * saved, and a steady share from then on.
 */
export class RetryBudget {
  readonly #share: number;
  /** What a piece of the window earns at least. */
  readonly #floor: number;
  readonly #calls = new Array<number>(PIECES).fill(0);
  readonly #spent = new Array<number>(PIECES).fill(0);
  /** The number of the piece that is counted in, from time 0 on. */
  #piece = 0;

  constructor({ share = meshLimits.retryShare, floorPerSecond = meshLimits.retryFloor }: RetryBudgetOptions = {}) {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`Cannot retry a share of ${share} of the calls: 0 to 1`);
    if (!(floorPerSecond >= 0)) throw new RangeError(`Cannot retry ${floorPerSecond} calls a second`);
    this.#share = share;
    this.#floor = floorPerSecond * meshLimits.retryWindowMs / PIECES / 1000;
  }

  /** A call begins. Its retries are none. */
  deposit(nowMs: number): void {
    this.#move(nowMs);
    this.#calls[this.#piece % PIECES]++;
  }

  /** A call failed: true when it may be tried again, which is then paid. */
  tryWithdraw(nowMs: number): boolean {
    this.#move(nowMs);
    let left = 0;
    for (let at = 0; at < PIECES; at++) left += this.#leftIn(at);
    if (left < 1 - ROUNDING) return false;
    let price = 1;
    for (let i = 1; i <= PIECES && price > 0; i++) {
      const at = (this.#piece + i) % PIECES; // the oldest first: it is lost soonest
      const paid = Math.min(price, this.#leftIn(at));
      this.#spent[at] += paid;
      price -= paid;
    }
    return true;
  }

  #leftIn(at: number): number {
    return Math.max(this.#calls[at] * this.#share, this.#floor) - this.#spent[at];
  }

  /** Goes to the piece of this moment, and lets go of what the window has left behind. */
  #move(nowMs: number): void {
    const piece = Math.max(this.#piece, Math.floor(nowMs * PIECES / meshLimits.retryWindowMs));
    const passed = Math.min(piece - this.#piece, PIECES);
    for (let i = 0; i < passed; i++) this.#calls[(piece - i) % PIECES] = this.#spent[(piece - i) % PIECES] = 0;
    this.#piece = piece;
  }
}
