/** Chooses nodes so that no network has more of them than its part, as long as there are others. */

import { meshLimits } from "../limits.ts";
import type { Peer } from "./peer.ts";

/** How many there are of each network. */
export class NetworkCount {
  readonly #counts = new Map<string, number>();

  /** Counts a node. @returns false when its network has its part already */
  add({ networks }: Peer): boolean {
    let hasRoom = true;
    for (let i = 0; i < networks.length; i++) {
      const count = this.#counts.get(networks[i]) ?? 0;
      if (count >= meshLimits.bucketNetworkNodes) hasRoom = false;
      else this.#counts.set(networks[i], count + 1);
    }
    return hasRoom;
  }
}

/** Some of those that are offered, those that are offered first before others. */
export class Selection<Item> {
  readonly #most: number;
  readonly #peerOf: (item: Item) => Peer;
  readonly #networks = new NetworkCount();
  readonly #chosen: Item[] = [];
  readonly #crowd: Item[] = [];

  /** @param most how many are chosen */
  constructor(most: number, peerOf: (item: Item) => Peer) {
    this.#most = most;
    this.#peerOf = peerOf;
  }

  /** Whether no more are needed. */
  get isFull(): boolean {
    return this.#chosen.length >= this.#most;
  }

  /** Offers one. */
  offer(item: Item): void {
    if (this.isFull) return;
    if (this.#networks.add(this.#peerOf(item))) this.#chosen.push(item);
    else if (this.#crowd.length < this.#most) this.#crowd.push(item);
  }

  /** Those that were chosen; where there are not enough, the others behind them. */
  all(): Item[] {
    return this.#crowd.length === 0 ? this.#chosen : [...this.#chosen, ...this.#crowd].slice(0, this.#most);
  }
}
