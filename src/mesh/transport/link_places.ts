/** How many connections are open, in all and by whom. */

import { readFileSync } from "node:fs";
import { isLoopback } from "../../net/loopback.ts";
import { ownerOf } from "./remote_host.ts";

/** Places for them. */
export class LinkPlaces {
  readonly #most: number;
  readonly #mostOfHost: number;
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
    this.#taken++;
    this.#byOwner.set(owner, count + 1);
    return () => {
      this.#taken--;
      const left = this.#byOwner.get(owner)! - 1;
      if (left === 0) this.#byOwner.delete(owner);
      else this.#byOwner.set(owner, left);
    };
  }
}

/**
 * A part of the descriptors that this process may have, where the system tells. The bound is not to be met: once Deno's
 * servers can't take a connection for want of a descriptor, they never take one again.
 */
export function partOfDescriptors(part: number): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? Infinity : Math.max(1, Math.floor(Number(soft) * part));
  } catch {
    return Infinity; // not Linux, or it may not be read: the bound in numbers is left
  }
}
