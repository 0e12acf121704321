/** Chooses nodes so that no network has more of them than its part, as long as there are others. */

import { meshLimits } from "../limits.ts";
import type { Peer } from "./peer.ts";

/** Some of those that are offered, the first ones before others. */
export class Selection<Item> {
  readonly #most: number;
  readonly #peerOf: (item: Item) => Peer;
  readonly #chosen: Item[] = [];
  readonly #crowd: Item[] = [];
  /** The networks of those that were chosen: so few that to look through them is quicker than a map. */
  readonly #networks: number[] = [];

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
    const { networks } = this.#peerOf(item);
    if (this.#hasRoom(networks)) {
      this.#chosen.push(item);
      for (let i = 0; i < networks.length; i++) this.#networks.push(networks[i]);
    } else if (this.#crowd.length < this.#most) this.#crowd.push(item);
  }

  /** Those that were chosen; where there are not enough, the others behind them. */
  all(): Item[] {
    return this.#crowd.length === 0 ? this.#chosen : [...this.#chosen, ...this.#crowd].slice(0, this.#most);
  }

  #hasRoom(networks: readonly number[]): boolean {
    for (let i = 0; i < networks.length; i++) {
      let count = 0;
      for (let j = 0; j < this.#networks.length; j++) if (this.#networks[j] === networks[i]) count++;
      if (count >= meshLimits.bucketNetworkNodes) return false;
    }
    return true;
  }
}
