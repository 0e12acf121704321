/** Looks whether nodes are where they say: an address is believed once it was dialled, and the node was there. */

import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import type { Link } from "../transport/link.ts";
import type { Greeter } from "./greeter.ts";
import type { Transport } from "./transport.ts";

/** What it needs of its node. */
export interface ProbeHost {
  readonly transport: Transport;
  readonly greeter: Greeter;
  readonly clock: Clock;
  /** Ends all. */
  readonly signal: AbortSignal;
}

/** Dials addresses that others claim; not many at a time, because strangers ask for it. */
export class Probes {
  readonly #host: ProbeHost;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];
  /** What was found, and when. */
  readonly #known = new Map<string, number>();

  constructor(host: ProbeHost) {
    this.#host = host;
  }

  /** How many are under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Which of some addresses a node is at; none when too many others are to be looked at. */
  async look(id: NodeId, addresses: readonly string[]): Promise<readonly string[]> {
    const known = addresses.filter((address) => this.#isKnown(id, address));
    const unknown = addresses.filter((address) => !known.includes(address));
    if (unknown.length === 0 || !await this.#enter()) return known;
    try {
      const found = await Promise.all(unknown.map((address) => this.#isThere(id, address)));
      return addresses.filter((address) => known.includes(address) || found[unknown.indexOf(address)]);
    } finally {
      this.#leave();
    }
  }

  /** A node was found at an address by other means. */
  found(id: NodeId, address: string): void {
    const key = `${id} ${address}`;
    this.#known.delete(key);
    this.#known.set(key, this.#host.clock.nowMs());
    if (this.#known.size > meshLimits.probesKnown) this.#known.delete(this.#known.keys().next().value!);
  }

  #isKnown(id: NodeId, address: string): boolean {
    const atMs = this.#known.get(`${id} ${address}`);
    return atMs !== undefined && this.#host.clock.nowMs() - atMs < meshLimits.probeFreshMs;
  }

  /** @returns false when it is never its turn */
  async #enter(): Promise<boolean> {
    if (this.#underWay < meshLimits.probes) {
      this.#underWay++;
      return true;
    }
    if (this.#waiting.length >= meshLimits.probesWaiting) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#underWay--;
  }

  async #isThere(id: NodeId, address: string): Promise<boolean> {
    const { transport, greeter, clock, signal } = this.#host;
    const giveUp = new AbortController();
    const stopClock = clock.after(meshLimits.probeMs, () => giveUp.abort());
    const either = AbortSignal.any([signal, giveUp.signal]);
    let link: Link | undefined;
    try {
      link = await transport.dial(address, either);
      // Not greeted to the end: the node would take it for a session, and call by it.
      await greeter.identify(link, either, id);
      this.found(id, address);
      return true;
    } catch {
      return false; // whatever it is, the node can't be reached there
    } finally {
      stopClock();
      link?.destroy();
    }
  }
}
