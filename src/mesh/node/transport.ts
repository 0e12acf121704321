/** How nodes reach each other: over the network, or in memory under a clock of its own. */

import type { Link } from "../transport/link.ts";

/** Opens connections, and takes them. */
export interface Transport {
  /** Dials an address. @throws when nobody is there */
  dial(address: string, signal: AbortSignal): Promise<Link>;
  /** Takes connections at an address. @throws when that is taken */
  listen(address: string, onLink: (link: Link) => void): Promise<Listening>;
  /** IP addresses of this machine, where it has any. */
  hosts?(): readonly string[];
}

/** Where connections are taken. */
export interface Listening {
  /** The address with its real port, `tcp://HOST:PORT`. */
  readonly address: string;
  /** Takes no more; those that were taken go on. */
  close(): Promise<void>;
}
