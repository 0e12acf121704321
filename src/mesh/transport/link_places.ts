/** How many connections are open, in all and by whom. */

import { ClientDoor } from "../../client_door.ts";
import { isLoopback } from "../../net/loopback.ts";
import { ownerOf } from "./remote_host.ts";

/** Places for them. */
export class LinkPlaces {
  readonly #most: number;
  readonly #mostOfHost: number;
  readonly #door = new ClientDoor();
  readonly #byOwner = new Map<string, number>();
  #taken = 0;

  /**
   * Makes them.
   *
   * @param mostOfHost for one address, or one /64 of IPv6; loopback has no such bound, because a proxy comes from there
   */
  constructor(most: number, mostOfHost: number) {
    this.#most = most;
    this.#mostOfHost = mostOfHost;
  }

  /** Takes one. @returns what gives it back; undefined when there is none */
  take(host: string): (() => void) | undefined {
    if (this.#taken >= this.#most) return undefined;
    const owner = ownerOf(host);
    const count = this.#byOwner.get(owner) ?? 0;
    if (count >= this.#mostOfHost && !isLoopback(host)) return undefined;
    const leave = this.#door.take();
    if (!leave) return undefined;
    this.#taken++;
    this.#byOwner.set(owner, count + 1);
    return () => {
      leave();
      this.#taken--;
      const left = this.#byOwner.get(owner)! - 1;
      if (left === 0) this.#byOwner.delete(owner);
      else this.#byOwner.set(owner, left);
    };
  }
}
