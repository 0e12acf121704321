/**
 * What one hub knows of the rows of all. Each row is written by one hub alone, its origin, which numbers its changes; all
 * others pass them on. A change that is known already is not passed on, so nothing goes round in circles, and a gap shows
 * in the numbers and is asked for. Peers tell each other with every heartbeat how far they know each origin, so that
 * whatever was lost is found, and an origin of which no new sign of life comes any more is given up.
 *
 * Pure: it has no sockets and no clock.
 */

import { limits } from "../../limits.ts";
import type { Service } from "../service.ts";
import { Origin } from "./origin.ts";
import type { PeerMessage, Row, Standing } from "./row.ts";
import { type Held, View } from "./view.ts";

/** What a replica causes. */
export interface ReplicaEffects<Peer> {
  /** Say something to a peer. */
  send(peer: Peer, message: PeerMessage): void;
  /** A service is in force now, or none is with that id any more. */
  show(id: string, service: Service | undefined): void;
  /** Another hub has a row with this id that counts more than ours. */
  lose(id: string, winner: Row): void;
}

/** Options of {@linkcode Replica}. */
export interface ReplicaOptions<Peer> {
  /** Our id. */
  readonly hub: string;
  /** A number that is higher than at all our earlier starts. */
  readonly start: number;
  /** How long nothing is heard of an origin until its rows are dropped, milliseconds. */
  readonly timeoutMs: number;
  readonly effects: ReplicaEffects<Peer>;
  /** Milliseconds, of any clock that only goes forward. */
  readonly now: number;
}

/** One hub's knowledge. */
export class Replica<Peer> {
  readonly #options: ReplicaOptions<Peer>;
  readonly #own: Origin;
  readonly #origins = new Map<string, Origin>();
  /** Origins that were given up, as they were last known: old news of them is no sign of life. */
  readonly #gone = new Map<string, Origin>();
  readonly #view = new View();
  readonly #peers = new Set<Peer>();
  /** Our last change that peers were told of. */
  #told = 0;
  #ticked: number;

  constructor(options: ReplicaOptions<Peer>) {
    const { hub, start, now } = options;
    this.#options = options;
    this.#own = new Origin({ hub, start, counter: 0, beat: 0 }, now);
    this.#origins.set(hub, this.#own);
    this.#ticked = now;
  }

  /** The rows that came to this hub. */
  get own(): ReadonlyMap<string, Row> {
    return this.#own.rows;
  }

  /** Which hubs are known, this one among them. */
  get origins(): readonly Standing[] {
    return [...this.#origins.values()].map(({ standing }) => standing);
  }

  /** The row that is in force for an id, and the hub it came to. */
  find(id: string): { readonly hub: string; readonly row: Row } | undefined {
    const held = this.#view.find(id);
    return held && { hub: held.origin.hub, row: held.row };
  }

  /** Registers a row here, or puts it in the place of ours with its id. Peers are told at the next `flush`. */
  put(row: Row): void {
    this.#change(this.#own, row.service.id, row);
  }

  /** Frees a row of ours. */
  drop(id: string): void {
    if (this.#own.rows.has(id)) this.#change(this.#own, id, undefined);
  }

  /** Tells peers what happened here. */
  flush(): void {
    const { counter } = this.#own;
    if (counter === this.#told) return;
    for (const peer of this.#peers) this.#tell(peer, this.#own, this.#told);
    this.#told = counter;
  }

  /** A peer can be spoken to. */
  connect(peer: Peer): void {
    this.#peers.add(peer);
    this.#have(peer, this.#origins.values());
  }

  /** It can't any more. What came from it stays until its origin is given up: it may be reached by another way. */
  disconnect(peer: Peer): void {
    this.#peers.delete(peer);
  }

  /** Time has passed: gives a sign of life, and gives up who has not for too long. */
  tick(now: number, everyMs: number): void {
    // When this process itself stood still, nobody could be heard: that is nobody's silence.
    const late = Math.max(0, now - this.#ticked - everyMs);
    this.#ticked = now;
    this.#own.beat++;
    for (const origin of this.#origins.values()) {
      origin.heardAt = Math.min(now, origin.heardAt + late);
      if (origin !== this.#own && now - origin.heardAt > this.#options.timeoutMs) this.#giveUp(origin);
    }
    for (const [hub, origin] of this.#gone) {
      if (now - origin.heardAt > limits.registryGoneTimeouts * this.#options.timeoutMs) this.#gone.delete(hub);
    }
    for (const peer of this.#peers) this.#have(peer, this.#origins.values());
  }

  /** A peer said something. */
  receive(peer: Peer, message: PeerMessage, now: number): void {
    if (message.type === "have") { for (const standing of message.origins) this.#compare(peer, standing, now); }
    else if (message.hub === this.#own.hub && message.type !== "want") return; // nobody knows our rows better
    else if (message.type === "want") this.#answer(peer, message);
    else if (message.type === "delta") this.#follow(peer, message);
    else this.#adopt(peer, message, now);
  }

  /** Looks at how far a peer knows an origin. */
  #compare(peer: Peer, standing: Standing, now: number): void {
    const { hub, start, counter, beat } = standing;
    if (hub === this.#own.hub || !this.#isNews(standing)) return;
    const known = this.#origins.get(hub);
    if (!known || start > known.start) return this.#want(peer, standing, -1);
    if (start < known.start) return;
    known.hear(beat, now);
    if (counter > known.counter) this.#want(peer, standing, known.counter);
  }

  /** Tells a peer what it wants to know, as far as it is known here. */
  #answer(peer: Peer, { hub, start, after }: PeerMessage & { type: "want" }): void {
    const origin = this.#origins.get(hub);
    if (origin?.start === start && origin.counter > after) this.#tell(peer, origin, after);
  }

  #follow(peer: Peer, { hub, start, after, changes }: PeerMessage & { type: "delta" }): void {
    const known = this.#origins.get(hub);
    if (!known || start > known.start) return this.#want(peer, { hub, start }, -1);
    if (start < known.start) return;
    if (after > known.counter) return this.#want(peer, known, known.counter);
    const before = known.counter;
    for (const { id, row } of changes.slice(known.counter - after)) this.#change(known, id, row);
    if (known.counter === before) return;
    for (const other of this.#peers) if (other !== peer) this.#tell(other, known, before);
  }

  /** Takes all rows of an origin, of which too much was missing. */
  #adopt(peer: Peer, { rows, ...standing }: PeerMessage & { type: "full" }, now: number): void {
    if (!this.#isNews(standing)) return;
    const known = this.#origins.get(standing.hub);
    if (!known && this.#origins.size >= limits.registryHubs) return; // more could not be told to peers
    if (
      known && (known.start > standing.start || known.start === standing.start && known.counter >= standing.counter)
    ) {
      return;
    }
    const origin = new Origin(standing, now);
    if (known?.start === origin.start && known.beat >= origin.beat) {
      [origin.beat, origin.heardAt] = [known.beat, known.heardAt];
    }
    this.#gone.delete(origin.hub);
    this.#origins.set(origin.hub, origin);
    for (const row of rows) origin.rows.set(row.service.id, row);
    for (const id of new Set([...known?.rows.keys() ?? [], ...origin.rows.keys()])) {
      if (known?.rows.has(id)) this.#view.remove(id, known);
      if (origin.rows.has(id)) this.#view.add(id, origin);
      this.#look(id);
    }
    for (const other of this.#peers) if (other !== peer) this.#have(other, [origin]);
  }

  /** False for what was known of an origin when it was given up. */
  #isNews({ hub, start, beat }: Standing): boolean {
    const gone = this.#gone.get(hub);
    return !gone || start > gone.start || start === gone.start && beat > gone.beat;
  }

  #giveUp(origin: Origin): void {
    this.#origins.delete(origin.hub);
    this.#gone.set(origin.hub, new Origin(origin.standing, origin.heardAt));
    for (const id of origin.rows.keys()) {
      this.#view.remove(id, origin);
      this.#look(id);
    }
  }

  #change(origin: Origin, id: string, row: Row | undefined): void {
    origin.change({ id, row });
    if (row) this.#view.add(id, origin);
    else this.#view.remove(id, origin);
    this.#look(id);
  }

  /** Shows which row is in force for an id, after a change to one. */
  #look(id: string): void {
    const held: Held | undefined = this.#view.find(id);
    this.#options.effects.show(id, held?.row.hidden ? undefined : held?.row.service);
    if (held && held.origin !== this.#own && this.#own.rows.has(id)) this.#options.effects.lose(id, held.row);
  }

  #have(peer: Peer, origins: Iterable<Origin>): void {
    this.#options.effects.send(peer, { type: "have", origins: [...origins].map(({ standing }) => standing) });
  }

  #want(peer: Peer, { hub, start }: Pick<Standing, "hub" | "start">, after: number): void {
    this.#options.effects.send(peer, { type: "want", hub, start, after });
  }

  #tell(peer: Peer, origin: Origin, after: number): void {
    const { hub, start } = origin;
    const changes = after < 0 ? undefined : origin.since(after);
    if (changes) this.#options.effects.send(peer, { type: "delta", hub, start, after, changes });
    else this.#options.effects.send(peer, origin.full);
  }
}
