/**
 * The time of day on which nodes agree. A machine's clock may be a year off, or jump when it is set: so each asks others
 * what time they have, and takes the middle. It need not be right, only the same everywhere, for records to hold.
 */

import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";

/** One node's idea of it. */
export class AgreedTime {
  readonly #clock: Clock;
  /** By how much each is ahead of our own clock that never goes back, milliseconds; the latest last. */
  readonly #votes = new Map<NodeId, number>();
  #ownAheadMs: number;
  #hasJumped = false;
  #votedMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ownAheadMs = clock.wallMs() - clock.nowMs();
  }

  /** Milliseconds since 1970, whole. */
  nowMs(): number {
    this.#lookForJump();
    const votes = [...this.#votes.values()];
    // A clock that jumped is either wrong now or was before: others know, if there are any.
    if (!this.#hasJumped || votes.length === 0) votes.push(this.#ownAheadMs);
    return Math.max(0, Math.floor(this.#clock.nowMs() + middleOf(votes)));
  }

  /** The times at which a record may have been made and still be good: the clock of our own machine may be right, too. */
  candidatesMs(): readonly number[] {
    return [this.nowMs(), this.#clock.wallMs()];
  }

  /** A node that we chose to ask has this time. Those that ask us don't count: they may be many, and of one mind. */
  vote(id: NodeId, wallMs: number): void {
    const now = this.#clock.nowMs();
    if (this.#votes.size >= meshLimits.clockVotes && now - this.#votedMs < meshLimits.clockVoteMs) return;
    this.#lookForJump();
    this.#votedMs = now;
    this.#votes.delete(id);
    this.#votes.set(id, wallMs - now);
    if (this.#votes.size > meshLimits.clockVotes) this.#votes.delete(this.#votes.keys().next().value!);
  }

  /** After one, votes are worth nothing: the machine may have slept, and the clock that never goes back with it. */
  #lookForJump(): void {
    const ahead = this.#clock.wallMs() - this.#clock.nowMs();
    const isJump = Math.abs(ahead - this.#ownAheadMs) > meshLimits.recordSkewMs;
    this.#ownAheadMs = ahead;
    if (!isJump) return;
    this.#hasJumped = true;
    this.#votes.clear();
  }
}

/** Of an even number the lower one: two nodes take the same one then. */
function middleOf(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[(numbers.length - 1) >> 1];
}
