/** The lookups of one node. */

import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import type { Asker } from "./asker.ts";
import type { LookupKind, OnDirectoryEvent } from "./events.ts";
import { Lookup, type LookupOptions, type LookupResult } from "./lookup.ts";
import type { Peer } from "./peer.ts";
import type { Placed } from "./place.ts";
import type { RoutingTable } from "./routing_table.ts";

/** What lookups are made with. */
export interface LookupsOptions {
  readonly own: NodeId;
  readonly table: RoutingTable;
  readonly asker: Asker;
  readonly clock: Clock;
  readonly onEvent: OnDirectoryEvent;
}

/** One lookup. What is not said is taken from the table, and asked for nodes. */
export interface Looking extends Partial<Pick<LookupOptions, "ask" | "isEnough" | "questions">> {
  readonly kind: LookupKind;
  readonly target: Placed;
  /** Nodes to begin with, besides those in the table. */
  readonly first?: readonly Peer[];
  /** How many nodes it took to come to what was looked for; that to the nearest if it isn't given. */
  hops?(): number;
}

/** Makes them, and ends those under way when it is closed. */
export class Lookups {
  readonly #options: LookupsOptions;
  readonly #running = new Set<Lookup>();
  readonly #waiting: (() => void)[] = [];
  #behind = 0;
  #isClosed = false;

  constructor(options: LookupsOptions) {
    this.#options = options;
  }

  /** Looks. */
  async run({ kind, target, first = [], hops, ...options }: Looking): Promise<LookupResult> {
    if (this.#isClosed) return { closest: [], hops: 0, questions: 0, failures: 0 };
    const { own, table, asker, clock, onEvent } = this.#options;
    table.touch(target, clock.nowMs());
    const lookup = new Lookup({
      ask: (peer) => asker.findNode(peer, target),
      ...options,
      target,
      own,
      clock,
      first: [...first, ...table.closest(target)],
    });
    this.#running.add(lookup);
    const result = await lookup.run();
    this.#running.delete(lookup);
    const { questions, failures } = result;
    onEvent({ type: "lookup", kind, hops: hops?.() ?? result.hops, questions, failures });
    return result;
  }

  /** Does something for which nobody waits when it is its turn, so that what somebody waits for is not slowed down. */
  async behind<Result>(doing: () => Promise<Result>): Promise<Result> {
    if (this.#behind >= meshLimits.lookupsBehind) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#behind++;
    try {
      return await doing();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#behind--;
    }
  }

  /** Ends all; none begins any more. */
  close(): void {
    this.#isClosed = true;
    for (const lookup of this.#running) lookup.stop();
  }
}
