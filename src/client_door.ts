/**
 * How many clients may be connected: to all servers of a process, because they share its descriptors. The bound of these
 * is not to be met. Once a listener of node:net can't take a connection for want of a descriptor, Deno never takes one
 * from it again.
 */

import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

const LIMITS = "/proc/self/limits";

/** What a process needs besides: its own files, and up to 128 connections that Deno takes before it tells of the first. */
const DESCRIPTORS_KEPT = 192;
/** The kernel's memory for them, and ours, is to be had too: about 1 GB. */
const CLIENTS_MAX = 32_768;
/** What each server may have however many the others have: while strangers fill one, its operator gets into another. */
const OWN_PLACES = 8;

/** Places for the clients of several servers. */
export class ClientPlaces {
  readonly #most: number;
  #taken = 0;

  /** Makes so many. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Takes one, or one beyond all when somebody has a right to it. @returns whether it could */
  take(anyway: boolean): boolean {
    if (this.#taken >= this.#most && !anyway) return false;
    this.#taken++;
    return true;
  }

  /** Gives one back. */
  leave(): void {
    this.#taken--;
  }
}

let shared: ClientPlaces | undefined;

/** Where the clients of one server come in. */
export class ClientDoor {
  readonly #places: ClientPlaces;
  #taken = 0;

  /** Makes one. */
  constructor(places: ClientPlaces = shared ??= new ClientPlaces(clientsOf(descriptorLimit()))) {
    this.#places = places;
  }

  /** Takes a place. @returns what gives it back; undefined when there is none */
  take(): (() => void) | undefined {
    if (!this.#places.take(this.#taken < OWN_PLACES)) return undefined;
    this.#taken++;
    return () => {
      this.#taken--;
      this.#places.leave();
    };
  }

  /** Lets a client in until it closes, or closes it. @returns whether it is in */
  admit(socket: Socket): boolean {
    const leave = this.take();
    if (leave) socket.once("close", leave);
    else socket.destroy();
    return leave !== undefined;
  }
}

/** Half of so many descriptors: the other half is for what is done for clients, such as the pipes of their programs. */
export function clientsOf(descriptors: number): number {
  const most = Math.min(descriptors / 2, descriptors - DESCRIPTORS_KEPT, CLIENTS_MAX);
  return Math.max(OWN_PLACES, Math.floor(most));
}

/** How many descriptors this process may have; Infinity where that is not told. */
export function descriptorLimit(): number {
  if (!mayAsk()) return Infinity;
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync(LIMITS, "utf8")) ?? [];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity; // not Linux, or it may not be read
  }
}

/** Nobody is to be asked for a permission because of this. */
function mayAsk(): boolean {
  if (!("Deno" in globalThis)) return true; // Node.js
  return Deno.permissions.querySync({ name: "read", path: LIMITS }).state === "granted";
}
