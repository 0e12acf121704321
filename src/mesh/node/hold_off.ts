/** Remembers whom nobody could reach, so that not every call waits for what the last one has waited for in vain. */

import type { Clock } from "../clock.ts";
import type { Contact, Reach } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";

interface Failure {
  /** By which ways it was tried. */
  readonly ways: string;
  readonly untilMs: number;
  readonly error: unknown;
}

/** Nodes that were tried in vain a moment ago. */
export class HoldOff {
  readonly #clock: Clock;
  readonly #failures = new Map<NodeId, Failure>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Why a node is not to be tried yet; undefined when it may be. */
  errorFor(reach: Reach | Contact): unknown {
    const failure = this.#failures.get(reach.id);
    if (!failure) return undefined;
    if (failure.untilMs > this.#clock.nowMs() && failure.ways === waysOf(reach)) return failure.error;
    this.#failures.delete(reach.id);
    return undefined;
  }

  /**
   * A node was not reached. What has failed at once may be tried again at once: a process that starts anew is there in a
   * moment. What took long is not, for twice as long.
   */
  failed(reach: Reach | Contact, tookMs: number, error: unknown): void {
    this.hold(reach, Math.min(2 * tookMs, meshLimits.holdOffMs), error);
  }

  /** The same, for a time that is given. */
  hold(reach: Reach | Contact, holdMs: number, error: unknown): void {
    if (this.#failures.size >= meshLimits.holdOffs) this.#failures.delete(this.#failures.keys().next().value!);
    this.#failures.set(reach.id, { ways: waysOf(reach), untilMs: this.#clock.nowMs() + holdMs, error });
  }

  /** It was. */
  reached(id: NodeId): void {
    this.#failures.delete(id);
  }
}

function waysOf(reach: Reach | Contact): string {
  const relays = "relays" in reach ? reach.relays.map(({ id }) => id) : [];
  return [...reach.addresses, ...relays].join(" ");
}
