/** Gets sessions with other nodes: one that is there, one over an address, or one that is passed on by another node. */

import type { Clock } from "../clock.ts";
import type { Contact, Reach } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import type { NodeId } from "../node_id.ts";
import type { Greeted } from "../session/greet.ts";
import type { Session } from "../session/session.ts";
import type { Link } from "../transport/link.ts";
import type { DialPolicy } from "./dial_policy.ts";
import { firstOf } from "./first_of.ts";
import type { Greeter } from "./greeter.ts";
import { HoldOff } from "./hold_off.ts";
import { relayLink } from "./relay.ts";
import type { Held } from "./session_table.ts";
import type { Transport } from "./transport.ts";

/** What a connector needs of its node. */
export interface ConnectorHost {
  readonly own: NodeId;
  readonly transport: Transport;
  readonly greeter: Greeter;
  readonly policy: DialPolicy;
  readonly clock: Clock;
  /** Ends all attempts. */
  readonly signal: AbortSignal;
  /** True for an address of this node itself. @param host where it has led to */
  isOwn(address: string, host: string | undefined): boolean;
  /** A session that is there. */
  heldOf(id: NodeId): Held | undefined;
  /** The same, with a node that was found at one of these addresses. */
  heldAt(contact: Contact): Held | undefined;
  /**
   * Takes a link that was greeted.
   *
   * @throws {MeshError} when there are too many
   */
  begin(link: Link, greeted: Greeted, how: Pick<Held, "relayedBy" | "dialledAt">): Session;
}

/** One attempt for each node at a time, however many ask for it. */
export class Connector {
  readonly #host: ConnectorHost;
  readonly #underWay = new Map<string, Promise<Session>>();
  /** Nodes that were not reached by any way, and those that were not by their addresses. */
  readonly #holdOff: HoldOff;
  readonly #directHoldOff: HoldOff;

  constructor(host: ConnectorHost) {
    this.#host = host;
    this.#holdOff = new HoldOff(host.clock);
    this.#directHoldOff = new HoldOff(host.clock);
  }

  /**
   * A session with a node, by whatever way.
   *
   * @throws {MeshError} when it can't be reached
   */
  session(reach: Reach): Session | Promise<Session> {
    const there = this.#host.heldOf(reach.id);
    if (!there) return this.#try(reach, this.#holdOff, "any", () => this.#anyWay(reach));
    if (there.relayedBy !== undefined && reach.addresses.length > 0) this.#improve(reach);
    return there.session;
  }

  /**
   * A session with a node at one of its addresses, which proves that it is there.
   *
   * @throws {MeshError} when it is not
   */
  direct(contact: Contact): Session | Promise<Session> {
    const there = this.#host.heldAt(contact);
    if (there) return there.session;
    return this.#try(contact, this.#directHoldOff, "direct", () => this.#first(this.#addressesOf(contact)));
  }

  /**
   * A session with whoever is at an address.
   *
   * @throws {MeshError} when nobody is
   */
  sessionAt(address: string): Promise<Session> {
    return this.#once(address, () => this.#dial(address, undefined));
  }

  async #try(
    reach: Reach | Contact,
    holdOff: HoldOff,
    how: string,
    connect: () => Promise<Session>,
  ): Promise<Session> {
    const { own, clock } = this.#host;
    if (reach.id === own) throw new MeshError("refused", "A node has no session with itself");
    const failure = holdOff.errorFor(reach);
    if (failure !== undefined) throw failure;
    return await this.#once(`${how} ${reach.id} ${reach.addresses}`, async () => {
      const begunMs = clock.nowMs();
      try {
        const session = await connect();
        holdOff.reached(reach.id);
        return session;
      } catch (error) {
        holdOff.failed(reach, clock.nowMs() - begunMs, error);
        throw error;
      }
    });
  }

  #once(key: string, connect: () => Promise<Session>): Promise<Session> {
    const before = this.#underWay.get(key);
    if (before) return before;
    const connecting = connect().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, connecting);
    return connecting;
  }

  /** Another node passes on what could go straight: looks whether it can by now, while calls go on as before. */
  #improve(reach: Reach): void {
    if (this.#directHoldOff.errorFor(reach) !== undefined) return;
    this.#once(`direct ${reach.id} ${reach.addresses}`, () => this.#first(this.#addressesOf(reach))).catch((error) => {
      this.#directHoldOff.hold(reach, meshLimits.directAgainMs, error);
    });
  }

  #anyWay(reach: Reach): Promise<Session> {
    const there = reach.relays.filter(({ id }) => this.#host.heldOf(id));
    const relays = [...there, ...reach.relays.filter((relay) => !there.includes(relay))];
    const passedOn = relays.map((relay) => () => this.#passedOn(relay, reach.id));
    return this.#first([...this.#addressesOf(reach), ...passedOn]);
  }

  #addressesOf({ id, addresses }: Contact): (() => Promise<Session>)[] {
    const dialled = addresses.flatMap((address) => this.#host.policy.allowed(address) ?? []);
    return dialled.map((address) => () => this.#once(`${address} ${id}`, () => this.#dial(address, id)));
  }

  async #first(ways: readonly (() => Promise<Session>)[]): Promise<Session> {
    if (ways.length === 0) throw new MeshError("unreachable", "The node has told no way to reach it");
    return await firstOf(ways, this.#host.clock, meshLimits.nextAddressMs);
  }

  async #dial(address: string, expected: NodeId | undefined): Promise<Session> {
    const { transport, greeter, signal, policy } = this.#host;
    const how = { dialledAt: address, relayedBy: undefined };
    let link: Link;
    try {
      link = await transport.dial(address, signal);
    } catch (cause) {
      if (cause instanceof MeshError) throw cause;
      throw new MeshError("unreachable", `Cannot reach ${address}: ${(cause as Error).message}`, { cause });
    }
    if (expected !== undefined && !policy.mayStay(address, link.remoteHost)) {
      link.destroy();
      throw new MeshError("unreachable", `Cannot reach ${address}: it leads to this machine, where the mesh is not`);
    }
    try {
      return this.#host.begin(link, await greeter.greet(link, true, signal, expected), how);
    } catch (cause) {
      const isSelf = cause instanceof MeshError && cause.code === "self";
      if (!isSelf || this.#host.isOwn(address, link.remoteHost)) throw cause;
      throw new MeshError("identity", "There is another node with the key of this one: give each its own", { cause });
    }
  }

  async #passedOn(relay: Contact, id: NodeId): Promise<Session> {
    const { greeter, signal, own, clock } = this.#host;
    if (relay.id === own) throw new MeshError("unreachable", "The node has left");
    const there = this.#host.heldOf(relay.id);
    const by = there && there.relayedBy === undefined ? there.session : await this.direct(relay);
    try {
      const link = relayLink(by, id, clock);
      const how = { dialledAt: undefined, relayedBy: relay.id };
      return this.#host.begin(link, await greeter.greet(link, true, signal, id), how);
    } catch (cause) {
      if (!(cause instanceof MeshError) || cause.code !== "closed") throw cause;
      throw new MeshError("unreachable", `The node can't be reached by ${relay.id}`, { cause });
    }
  }
}
