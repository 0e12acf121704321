/** The nodes at one distance (Kademlia §2.2), the one that was not heard of for longest first. */

import { meshLimits } from "../limits.ts";
import { countIn, isSamePeer, type Peer } from "./peer.ts";

const NODES = meshLimits.bucketNodes;

/** One bucket. */
export class Bucket {
  readonly nodes: Peer[] = [];
  /** When each was heard of last. */
  readonly #seenMs: number[] = [];
  /** Nodes for which there was no room, the latest last. */
  #spares: Peer[] = [];
  /** Whether nodes of one network have more than their part of it; undefined when that has to be counted anew. */
  #hasCrowd: boolean | undefined;
  /** When a lookup was made in it last. */
  touchedMs: number;

  constructor(nowMs: number) {
    this.touchedMs = nowMs;
  }

  /**
   * A node is there.
   *
   * @returns a node that has to show that it is there too, or give its room to this one
   */
  saw(peer: Peer, nowMs: number): Peer | undefined {
    const { nodes } = this;
    const at = this.#find(peer);
    const known = nodes[at];
    if (known) this.#take(at);
    else if (nodes.length >= NODES && !this.#makeRoom(peer)) return this.#wait(peer, nowMs);
    nodes.push(known && isWithin(peer, known) ? known : peer);
    this.#seenMs.push(nowMs);
    if (known) return undefined;
    this.#hasCrowd = undefined;
    if (this.#spares.length > 0) this.#spares = this.#spares.filter(({ id }) => id !== peer.id);
    return undefined;
  }

  /** A node is not there. @returns whether it was known, at these addresses */
  lost(peer: Peer): boolean {
    const at = this.#find(peer);
    if (at < 0 || !isSamePeer(this.nodes[at], peer)) return false;
    this.#take(at);
    this.#hasCrowd = undefined;
    const spare = this.#spares.pop();
    if (!spare) return true;
    this.nodes.unshift(spare); // at the end of those that were heard of: it is the next to be pinged
    this.#seenMs.unshift(-Infinity);
    return true;
  }

  #find(peer: Peer): number {
    const { nodes } = this;
    for (let i = nodes.length - 1; i >= 0; i--) if (nodes[i].head === peer.head && nodes[i].id === peer.id) return i;
    return -1;
  }

  #take(at: number): void {
    const { nodes } = this;
    const seen = this.#seenMs;
    const last = nodes.length - 1;
    for (let i = at; i < last; i++) {
      nodes[i] = nodes[i + 1];
      seen[i] = seen[i + 1];
    }
    nodes.pop();
    seen.pop();
  }

  /** Where nodes of one network have more of the bucket than their part, the last of them makes room for others. */
  #makeRoom(peer: Peer): boolean {
    this.#hasCrowd ??= this.nodes.some((node) => isCrowded(this.nodes, node, 1));
    if (!this.#hasCrowd || isCrowded(this.nodes, peer, 0)) return false;
    const at = this.nodes.findLastIndex((node) => isCrowded(this.nodes, node, 1));
    if (at < 0) return false;
    this.#take(at);
    return true;
  }

  #wait(peer: Peer, nowMs: number): Peer | undefined {
    if (isCrowded(this.nodes, peer, 0)) return undefined;
    const spares = this.#spares;
    const at = spares.findIndex(({ id }) => id === peer.id);
    if (at >= 0) spares.splice(at, 1);
    else if (spares.length >= meshLimits.bucketSpares) spares.shift();
    spares.push(peer);
    return nowMs - this.#seenMs[0] >= meshLimits.bucketTrustMs ? this.nodes[0] : undefined;
  }
}

/** True when all of a peer's addresses were known: it was reached at one of several. */
function isWithin(peer: Peer, known: Peer): boolean {
  return peer === known || peer.addresses.every((address) => known.addresses.includes(address));
}

/** True when there are enough of a peer's network. @param own how many of those are the peer itself */
function isCrowded(nodes: readonly Peer[], peer: Peer, own: 0 | 1): boolean {
  const { networks } = peer;
  for (let i = 0; i < networks.length; i++) {
    if (countIn(nodes, networks[i]) - own >= meshLimits.bucketNetworkNodes) return true;
  }
  return false;
}
