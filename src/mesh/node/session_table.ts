/** The sessions of a node. */

import type { Clock } from "../clock.ts";
import type { Contact } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import type { NodeId } from "../node_id.ts";
import type { Session } from "../session/session.ts";

/** What is known of a session besides itself. */
export interface Held {
  readonly session: Session;
  /** The node that passes it on; undefined for one that goes straight. */
  readonly relayedBy: NodeId | undefined;
  /** Where this node has dialled it; undefined when the other side has. */
  readonly dialledAt: string | undefined;
  /** Where the other side was found. */
  contact: Contact | undefined;
  /** One of its sides wants it to stay: it has joined the mesh by it. */
  isKept: boolean;
  /** The other side leaves: what is under way goes on, and nothing more is begun. */
  isLeaving: boolean;
  /** Where the other side sees this one; empty, or undefined, where it does not say. */
  seenHost?: string;
}

/** Sessions by the node at their other end; there may be several with one, when both have dialled. */
export class SessionTable {
  readonly #clock: Clock;
  /** The latest first. */
  readonly #byNode = new Map<NodeId, Held[]>();
  #size = 0;
  #kept = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds one; of too many, the idle one that was used least recently ends. So it is with those of one node, of which
   * there are several where processes share a key.
   *
   * @returns undefined when all are in use, and one more is too many: it was ended
   */
  add(session: Session, how: Pick<Held, "relayedBy" | "dialledAt">): Held | undefined {
    const others = this.#byNode.get(session.remote) ?? [];
    const isFull = this.#size >= meshLimits.sessions && !dropIdle(this.all());
    if (isFull || others.length >= meshLimits.sessionsOfNode && !dropIdle(others)) {
      session.destroy(new MeshError("refused", "There are too many sessions"));
      return undefined;
    }
    const held: Held = { session, ...how, contact: undefined, isKept: false, isLeaving: false };
    this.#byNode.set(session.remote, [held, ...this.#byNode.get(session.remote) ?? []]);
    this.#size++;
    return held;
  }

  /** Forgets one that is over. @returns true when it was the last one with that node */
  remove(session: Session): boolean {
    const { remote } = session;
    const all = this.#byNode.get(remote) ?? [];
    const others = all.filter((held) => held.session !== session);
    if (others.length === all.length) return false;
    this.#size--;
    if (all.find((held) => held.session === session)!.isKept) this.#kept--;
    if (others.length > 0) this.#byNode.set(remote, others);
    else this.#byNode.delete(remote);
    return others.length === 0;
  }

  /** A session with a node that takes new streams: the latest, and better one that nobody passes on. */
  of(id: NodeId): Held | undefined {
    const open = this.#byNode.get(id)?.filter(isUsable);
    return open?.find(({ relayedBy }) => relayedBy === undefined) ?? open?.[0];
  }

  /** One with a node that was found at one of its addresses. */
  at({ id, addresses }: Contact): Held | undefined {
    return this.#byNode.get(id)?.find((held) =>
      isUsable(held) && held.contact?.addresses.some((address) => addresses.includes(address))
    );
  }

  /** One by which a node wants to be reached. */
  kept(id: NodeId): Session | undefined {
    return this.#byNode.get(id)?.find((held) => held.isKept && isUsable(held))?.session;
  }

  /** What is known of a session. */
  held(session: Session): Held | undefined {
    return this.#byNode.get(session.remote)?.find((held) => held.session === session);
  }

  /** Keeps one: it does not end for being idle. @returns false when others fill what there is for that */
  keep(held: Held): boolean {
    if (held.isKept) return true;
    if (held.relayedBy !== undefined || this.#kept >= meshLimits.sessionsKept) return false;
    held.isKept = true;
    this.#kept++;
    return true;
  }

  /** A node leaves: nothing more is begun with it, nor by it with others. Of those, what is under way comes to its end. */
  leave(held: Held): void {
    held.isLeaving = true;
    for (const other of this.all()) {
      if (other.relayedBy !== held.session.remote) continue;
      other.isLeaving = true;
      other.session.close();
    }
  }

  /** Ends those that nobody needs. */
  sweep(): void {
    const beforeMs = this.#clock.nowMs() - meshLimits.sessionIdleMs;
    for (const held of this.all()) if (isIdle(held) && held.session.usedMs < beforeMs) held.session.close();
  }

  /** Lets those under way come to their end; resolves when all have. */
  async close(): Promise<void> {
    const all = [...this.all()].map(({ session }) => session);
    for (const session of all) session.close();
    await Promise.all(all.map(({ closed }) => closed));
  }

  /** Ends all. */
  destroy(): void {
    for (const { session } of [...this.all()]) session.destroy(new MeshError("closed", "The node was closed"));
  }

  /** Each of them. */
  *all(): Generator<Held> {
    for (const held of [...this.#byNode.values()]) yield* held;
  }
}

/** Ends the one that was used least recently of those that nobody uses. @returns whether there was one */
function dropIdle(among: Iterable<Held>): boolean {
  let oldest: Session | undefined;
  for (const held of among) {
    if (isIdle(held) && held.session.usedMs < (oldest?.usedMs ?? Infinity)) oldest = held.session;
  }
  oldest?.destroy(new MeshError("closed", "The session made room for others"));
  return oldest !== undefined;
}

function isUsable({ session, isLeaving }: Held): boolean {
  return session.isOpen && !isLeaving;
}

function isIdle({ session, isKept }: Held): boolean {
  return !isKept && session.load === 0;
}
