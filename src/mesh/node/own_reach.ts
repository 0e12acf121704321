/** How a node is reached, as it tells others: addresses at which somebody found it, and the nodes by which it has joined. */

import { isLoopback } from "../../net/loopback.ts";
import type { Clock } from "../clock.ts";
import { type Contact, hostOf, type Reach } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import { isLoopbackAddress, isUnspecified, seenFrom } from "./claims.ts";

/** What it needs of its node. */
export interface OwnReachHost {
  readonly own: NodeId;
  readonly clock: Clock;
  /** IP addresses of this machine. */
  ownHosts(): readonly string[];
  /** It is reached in another way than before. */
  onChange(): void;
}

/** A node by which it has joined. */
interface Relay {
  readonly contact: Contact;
  /** Join points that lead to it. */
  sessions: number;
}

/** Keeps it. */
export class OwnReach {
  readonly #host: OwnReachHost;
  /** Where it listens, or what it was told to say. */
  #claims: readonly string[] = [];
  /** Addresses, and when each was last found to be true. */
  readonly #proven = new Map<string, number>();
  readonly #relays = new Map<NodeId, Relay>();
  /** Where join points see this node. */
  readonly #seenAt = new Map<string, string>();

  constructor(host: OwnReachHost) {
    this.#host = host;
  }

  /** What others are asked to look for it at. */
  get claims(): readonly string[] {
    return this.#claims;
  }

  /** Where it was found, what others can use first. */
  get addresses(): readonly string[] {
    const proven = [...this.#proven.keys()];
    return [...proven.filter((address) => !isLoopbackAddress(address)), ...proven.filter(isLoopbackAddress)];
  }

  /** What is told of it. */
  get reach(): Reach {
    const relays = [...this.#relays.values()].slice(0, meshLimits.relays).map(({ contact }) => contact);
    return { id: this.#host.own, addresses: this.addresses, relays };
  }

  /** Says where it listens. */
  claim(addresses: readonly string[]): void {
    this.#claims = addresses.slice(0, meshLimits.addresses);
  }

  /**
   * Somebody has looked at an address, and found it there. Only one that was claimed counts: another could be anybody's.
   *
   * @param seenHost where that somebody sees it
   */
  found(address: string, seenHost: string | undefined): void {
    const isClaimed = this.#claims.some((claim) => claim === address || seenFrom(claim, seenHost) === address);
    if (isClaimed && !isUnspecified(address)) this.#prove(address);
  }

  /**
   * Somebody says that it has reached the node at an address. Nobody else has looked, so that it has to be one which this
   * machine itself knows to be its own.
   *
   * @param fromLoopback they are on this machine, too
   */
  reachedAt(address: string, fromLoopback: boolean): void {
    if (isUnspecified(address)) return;
    const isOwn = this.#claims.includes(address) || this.#isAtOwnHost(address, fromLoopback);
    if (isOwn) this.#prove(address);
  }

  /** True for an address of this node itself. @param host where it has led to; undefined in memory */
  isOwn(address: string, host: string | undefined): boolean {
    if (host === undefined || isLoopback(host)) return true;
    return this.#claims.includes(address) || this.#proven.has(address) || this.#host.ownHosts().includes(host);
  }

  /** A join point sees this node at a host. Where it is another one than before, it has moved, and its addresses too. */
  seenAt(joinAddress: string, host: string): void {
    const before = this.#seenAt.get(joinAddress);
    this.#seenAt.set(joinAddress, host);
    if (before === undefined || before === host) return;
    const moved = [...this.#proven.keys()].filter((address) => !this.#claims.includes(address));
    for (const address of moved) this.#proven.delete(address);
    if (moved.length > 0) this.#host.onChange();
  }

  /** It has joined by a node, which passes on to it what others send. */
  joined(contact: Contact): void {
    const known = this.#relays.get(contact.id);
    if (known) return void known.sessions++;
    this.#relays.set(contact.id, { contact, sessions: 1 });
    if (this.#relays.size <= meshLimits.relays) this.#host.onChange();
  }

  /** It has lost that one. */
  parted(id: NodeId): void {
    const relay = this.#relays.get(id);
    if (!relay || --relay.sessions > 0) return;
    this.#relays.delete(id);
    this.#host.onChange();
  }

  /** Forgets addresses at which nobody has found it for long. */
  forgetOld(): void {
    const beforeMs = this.#host.clock.nowMs() - meshLimits.provenMs;
    const old = [...this.#proven].filter(([, atMs]) => atMs < beforeMs);
    for (const [address] of old) this.#proven.delete(address);
    if (old.length > 0) this.#host.onChange();
  }

  #isAtOwnHost(address: string, fromLoopback: boolean): boolean {
    const host = hostOf(address);
    if (!this.#claims.some((claim) => isUnspecified(claim) && seenFrom(claim, host) === address)) return false;
    return isLoopbackAddress(address) ? fromLoopback : this.#host.ownHosts().includes(host);
  }

  #prove(address: string): void {
    const isNew = !this.#proven.has(address);
    if (isNew && this.#proven.size >= meshLimits.addresses) this.#proven.delete(this.#proven.keys().next().value!);
    this.#proven.set(address, this.#host.clock.nowMs());
    if (isNew) this.#host.onChange();
  }
}
