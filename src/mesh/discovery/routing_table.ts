/**
 * The nodes that one node knows: of each distance some, so that it knows many of those around it and a few of those far
 * away (Kademlia §2.2). Pure: whoever uses it pings. There are as many buckets as distances at which nodes were met.
 */

import { meshLimits } from "../limits.ts";
import { Bucket } from "./bucket.ts";
import type { Peer } from "./peer.ts";
import { Selection } from "./selection.ts";
import { bitsInCommon, compareDistance, PLACE_BITS, type Placed } from "./place.ts";

/** One node's table. */
export class RoutingTable {
  readonly #own: Placed;
  readonly #buckets: (Bucket | undefined)[] = [];
  #size = 0;

  /** @param own the node's own place */
  constructor(own: Placed) {
    this.#own = own;
  }

  /** How many nodes it has. */
  get size(): number {
    return this.#size;
  }

  /** The number of the last bucket that has nodes, and one: so many distances are worth looking at. */
  get depth(): number {
    return this.#buckets.length;
  }

  /** The node with an id, which stands at a place. */
  find({ id, head, place }: Placed & { readonly id: string }): Peer | undefined {
    return this.#buckets[bitsInCommon(this.#own, { head, place })]?.nodes.find((node) => node.id === id);
  }

  /**
   * A node has shown that it is there, at these addresses.
   *
   * @returns a node that is to be pinged, and reported as seen or lost: there is no room for both
   */
  saw(peer: Peer, nowMs: number): Peer | undefined {
    const index = bitsInCommon(this.#own, peer);
    if (index === PLACE_BITS) return undefined; // this is ourselves
    while (this.#buckets.length < index) this.#buckets.push(undefined);
    const bucket = this.#buckets[index] ??= new Bucket(nowMs);
    const before = bucket.nodes.length;
    const doubtful = bucket.saw(peer, nowMs);
    this.#size += bucket.nodes.length - before;
    return doubtful;
  }

  /** A node did not answer at these addresses. @returns whether it was known there */
  lost(peer: Peer): boolean {
    const bucket = this.#buckets[bitsInCommon(this.#own, peer)];
    if (!bucket) return false;
    const before = bucket.nodes.length;
    const wasKnown = bucket.lost(peer);
    this.#size += bucket.nodes.length - before;
    return wasKnown;
  }

  /**
   * The nodes that are nearest to a place, the nearest first. All nodes of a bucket are nearer than all of another one, and
   * which ones are tells the distance between the place and our own: where it has a bit, the nodes that differ from us
   * there are nearer to the place than we are, and else further away.
   *
   * Of one network only some are named, as long as there are others: whoever makes up ids around a place is not alone there.
   */
  closest(target: Placed, count: number = meshLimits.bucketNodes): Peer[] {
    const found = new Selection<Peer>(count, itself);
    const last = this.#buckets.length - 1;
    for (let i = 0; i <= last && !found.isFull; i++) if (this.#differsAt(target, i)) this.#offer(found, target, i);
    for (let i = last; i >= 0 && !found.isFull; i--) if (!this.#differsAt(target, i)) this.#offer(found, target, i);
    return found.all();
  }

  /** A lookup is made for a place: no need to look through its bucket soon. */
  touch(target: Placed, nowMs: number): void {
    const bucket = this.#buckets[bitsInCommon(this.#own, target)];
    if (bucket) bucket.touchedMs = nowMs;
  }

  /** Numbers of the buckets that are to be looked through; empty ones that lie before others among them. */
  due(nowMs: number): number[] {
    const due: number[] = [];
    for (let i = 0; i < this.#buckets.length; i++) {
      const bucket = this.#buckets[i] ??= new Bucket(nowMs - meshLimits.bucketRefreshMs);
      if (nowMs - bucket.touchedMs >= meshLimits.bucketRefreshMs) due.push(i);
    }
    return due;
  }

  #differsAt({ place, head }: Placed, bit: number): boolean {
    if (bit < 32) return ((head ^ this.#own.head) >>> (31 - bit) & 1) === 1;
    return ((place[bit >>> 3] ^ this.#own.place[bit >>> 3]) >>> (7 - (bit & 7)) & 1) === 1;
  }

  /** Offers the nodes of a bucket, the nearest first. */
  #offer(found: Selection<Peer>, target: Placed, index: number): void {
    const sorted: Peer[] = [];
    for (const node of this.#buckets[index]?.nodes ?? []) {
      let at = sorted.length; // so few are put in their places more quickly than sorted
      sorted.push(node);
      for (; at > 0 && compareDistance(target, node, sorted[at - 1]) < 0; at--) sorted[at] = sorted[at - 1];
      sorted[at] = node;
    }
    for (let i = 0; i < sorted.length && !found.isFull; i++) found.offer(sorted[i]);
  }
}

function itself(peer: Peer): Peer {
  return peer;
}
