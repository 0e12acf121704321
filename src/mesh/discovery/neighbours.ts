/** Keeps one node's table: who comes in, who is gone, and how the node finds back when it was alone. */

import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { type NodeId, placeOfNode } from "../node_id.ts";
import type { Asker } from "./asker.ts";
import type { OnDirectoryEvent } from "./events.ts";
import type { Lookups } from "./lookups.ts";
import type { Peer } from "./peer.ts";
import { bitsInCommon, placeBeside, type Placed, placed } from "./place.ts";
import type { RoutingTable } from "./routing_table.ts";

/** What it is done with. */
export interface NeighboursOptions {
  /** The node's own place. */
  readonly own: Placed;
  readonly table: RoutingTable;
  readonly asker: Asker;
  readonly lookups: Lookups;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onEvent: OnDirectoryEvent;
}

/** The nodes around one node. */
export class Neighbours {
  readonly #options: NeighboursOptions;
  /** Those that are being pinged. */
  readonly #doubtful = new Set<NodeId>();
  /** Where the network was joined: it is joined there again when all others are lost. */
  #doors: readonly Peer[] = [];
  /** Nodes that were lost, the latest last: they may be behind a cable that will be mended. */
  readonly #lost: Peer[] = [];
  #retriedMs: number;
  /** Joins under way. */
  #entering = 0;

  constructor(options: NeighboursOptions) {
    this.#options = options;
    this.#retriedMs = options.clock.nowMs();
  }

  /** A node has shown that it is there. */
  saw(peer: Peer): void {
    const { table, clock } = this.#options;
    const wasAlone = table.size === 0;
    const doubtful = table.saw(peer, clock.nowMs());
    if (doubtful) this.#check(doubtful);
    if (wasAlone && table.size > 0 && this.#entering === 0) void this.#enter([]);
  }

  /** A node was asked, and answered. Where it is reached is known better from whoever dialled it than from others. */
  answered(peer: Peer): void {
    this.saw(this.#options.table.find(peer) ?? peer);
  }

  /** A node was asked, and did not answer as it should. */
  failed(peer: Peer): void {
    const { table, onEvent } = this.#options;
    if (!table.lost(peer)) return;
    this.#lost.push(peer);
    if (this.#lost.length > meshLimits.lostNodes) this.#lost.shift();
    if (table.size === 0) onEvent({ type: "alone" });
  }

  /** A node is known not to be there any more. */
  lost(id: NodeId): void {
    const peer = this.#options.table.find({ id, ...placed(placeOfNode(id)) });
    if (peer) this.failed(peer);
  }

  /** Joins a network by nodes of it. */
  join(doors: readonly Peer[]): Promise<void> {
    const others = this.#doors.filter(({ id }) => !doors.some((door) => door.id === id));
    this.#doors = [...others, ...doors].slice(-meshLimits.lostNodes);
    return this.#enter(doors);
  }

  /** Does what is to be done from time to time. */
  upkeep(): void {
    const { table, clock } = this.#options;
    if (this.#entering > 0) return;
    if (table.size === 0) return void this.#enter([...this.#doors, ...this.#lost]);
    for (const index of table.due(clock.nowMs())) void this.#refresh(index);
    if (clock.nowMs() - this.#retriedMs >= meshLimits.lostRetryMs) void this.#retry();
  }

  /** Gets to know those around us, and makes itself known to them; then some of each distance. */
  async #enter(first: readonly Peer[]): Promise<void> {
    const { own, table, lookups, onEvent } = this.#options;
    this.#entering++;
    const { closest } = await lookups.run({ kind: "join", target: own, first });
    this.#entering--;
    if (table.size === 0) return;
    onEvent({ type: "joined", nodes: table.size });
    // Whoever is nearer than the furthest of these is known by now.
    const isAll = closest.length < meshLimits.bucketNodes;
    const unknown = isAll ? 0 : Math.min(table.depth, bitsInCommon(own, closest[closest.length - 1]));
    await Promise.all(Array.from({ length: unknown }, (_, index) => this.#refresh(index)));
  }

  #refresh(index: number): Promise<unknown> {
    const { own, table, lookups, clock, random } = this.#options;
    const target = placeBeside(own, index, random);
    table.touch(target, clock.nowMs()); // it is not due again while it waits for its turn
    return lookups.behind(() => lookups.run({ kind: "refresh", target, questions: meshLimits.refreshQuestions }));
  }

  #check(peer: Peer): void {
    if (this.#doubtful.has(peer.id)) return;
    this.#doubtful.add(peer.id);
    void this.#options.asker.ping(peer).then(() => this.#doubtful.delete(peer.id));
  }

  /** Where a network was cut in two, each half has only lost nodes to find the other by. */
  async #retry(): Promise<void> {
    const { own, table, asker, lookups, clock, random } = this.#options;
    this.#retriedMs = clock.nowMs();
    const gone = [...this.#doors, ...this.#lost].filter((peer) => !table.find(peer));
    if (gone.length === 0) return;
    const peer = gone[Math.floor(random() * gone.length)];
    const named = await asker.findNode(peer, own).catch(() => undefined); // the table was told
    if (!named) return;
    const at = this.#lost.indexOf(peer);
    if (at >= 0) this.#lost.splice(at, 1);
    if (named.every((near) => table.find(near))) return; // it knows nobody around us whom we don't know
    await lookups.run({ kind: "join", target: own, first: [peer] });
  }
}
