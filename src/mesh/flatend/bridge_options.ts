/** What a bridge for flatend's nodes is made with. */

import { isIP } from "node:net";
import type { Log } from "../../log.ts";
import type { Clock } from "../clock.ts";
import type { Identity } from "../identity.ts";
import type { CallServices } from "./answer.ts";
import type { FlatendPeer } from "./peer.ts";

/** Options of {@linkcode listenFlatend}. */
export interface FlatendBridgeOptions {
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** 0 for a free one. */
  readonly port: number;
  readonly identity: Identity;
  /**
   * IP address and port at which nodes reach us. Default: where each of them did. Behind an address translation it has to
   * be told, because nodes dial it once more.
   */
  readonly advertise?: { readonly host: string; readonly port: number };
  /** How long a service may say nothing, milliseconds. */
  readonly idleMs?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Closes the bridge. */
  readonly signal?: AbortSignal;
  /** The services that can be asked of us, of which nodes are told when they connect. */
  readonly offered: () => readonly string[];
  /** A node asks the first of the services that is there; a 503 that it throws says that none is. */
  readonly call: CallServices;
  /** What a node offers; told again when it changes, and empty when the node has left. */
  readonly onOffers?: (peer: FlatendPeer, services: readonly string[]) => void;
}

/** @throws {TypeError} {RangeError} */
export function checkOptions({ advertise, idleMs }: FlatendBridgeOptions): void {
  if (advertise && isIP(advertise.host) === 0) {
    throw new TypeError(`Cannot advertise ${advertise.host}: flatend's nodes take IP addresses only`);
  }
  if (advertise && !(Number.isInteger(advertise.port) && advertise.port > 0 && advertise.port < 65_536)) {
    throw new RangeError(`Cannot advertise port ${advertise.port}: it is a number from 1 to 65535`);
  }
  if (idleMs !== undefined && !(idleMs > 0)) throw new RangeError(`Cannot wait ${idleMs} ms: idleMs is more than 0`);
}
