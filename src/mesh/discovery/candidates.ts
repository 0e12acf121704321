/** The nodes that one lookup knows of, the nearest to its target first. */

import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import { isSamePeer, type Peer } from "./peer.ts";
import { compareDistance, type Placed } from "./place.ts";
import { Selection } from "./selection.ts";

/**
 * One of them.
 *
 *     new -> asked -> answered
 *      ^  \    |  \     ^
 *      |   \   |   slow-+
 *      |    \  v    v
 *      +---- failed        (again where it was told of at another address, or by another node)
 */
export interface Candidate {
  peer: Peer;
  /** How many nodes it takes to come to it. */
  depth: number;
  state: "new" | "asked" | "slow" | "answered" | "failed";
  askedMs: number;
  /** How often it was asked, each time at another address. */
  tries: number;
  /** Who named it first. */
  source: Candidate | undefined;
  /** Of those it named: how many answered, and how many failed. */
  good: number;
  bad: number;
  /** What others said of its addresses. */
  others: Peer[] | undefined;
}

/** All of them. */
export class Candidates {
  readonly #target: Placed;
  readonly #own: NodeId;
  readonly #sorted: Candidate[] = [];
  readonly #byId = new Map<NodeId, Candidate>();

  /** @param own the id of whoever looks: it need not ask itself */
  constructor(target: Placed, own: NodeId) {
    this.#target = target;
    this.#own = own;
  }

  /** A node was named. @param source by whom; undefined when it was known before */
  add(peer: Peer, source: Candidate | undefined): void {
    if (peer.id === this.#own || peer.addresses.length === 0) return;
    const known = this.#byId.get(peer.id);
    if (known) return nameAgain(known, peer, source);
    const candidate: Candidate = {
      peer,
      depth: (source?.depth ?? 0) + 1,
      state: "new",
      askedMs: 0,
      tries: 0,
      source,
      good: 0,
      bad: 0,
      others: undefined,
    };
    this.#byId.set(peer.id, candidate);
    this.#insert(candidate);
  }

  /**
   * The nearest that count. Of one network only a few do, as long as there are others: whoever makes up ids that are near
   * a place is not alone there.
   *
   * @param isOf which are looked at
   */
  nearest(isOf: (candidate: Candidate) => boolean): Candidate[] {
    const nearest = new Selection<Candidate>(meshLimits.bucketNodes, peerOf);
    for (let i = 0; i < this.#sorted.length && !nearest.isFull; i++) {
      if (isOf(this.#sorted[i])) nearest.offer(this.#sorted[i]);
    }
    return nearest.all();
  }

  /** One was asked and answered. */
  answered(candidate: Candidate): void {
    candidate.state = "answered";
    if (candidate.source) candidate.source.good++;
  }

  /** One did not, or not well. Whoever named several such ones, and none that was good, is believed no more. */
  failed(candidate: Candidate): void {
    const other = candidate.others?.shift();
    candidate.state = other ? "new" : "failed";
    if (other) {
      candidate.peer = other;
      return;
    }
    const { source } = candidate;
    if (!source) return;
    source.bad++;
    if (source.good > 0 || source.bad < meshLimits.lookupBadContacts) return;
    for (const its of this.#sorted) if (its.source === source && its.state === "new") its.state = "failed";
  }

  #insert(candidate: Candidate): void {
    const sorted = this.#sorted;
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareDistance(this.#target, sorted[middle].peer, candidate.peer) < 0) low = middle + 1;
      else high = middle;
    }
    sorted.splice(low, 0, candidate);
  }
}

/** A node that is known was named once more. */
function nameAgain(known: Candidate, peer: Peer, source: Candidate | undefined): void {
  const depth = (source?.depth ?? 0) + 1;
  if (known.state === "new" && depth < known.depth) known.depth = depth;
  if (known.state === "failed" && known.tries === 0) {
    // It was not asked, because of who named it.
    [known.peer, known.source, known.state, known.depth] = [peer, source, "new", depth];
  } else if (known.state !== "answered" && !isSamePeer(known.peer, peer)) {
    const others = known.others ??= [];
    if (known.tries + others.length >= meshLimits.lookupAddresses) return;
    if (known.state === "failed") [known.peer, known.state] = [peer, "new"];
    else if (!others.some((other) => isSamePeer(other, peer))) others.push(peer);
  }
}

function peerOf({ peer }: Candidate): Peer {
  return peer;
}
