/** What a client can be told when it is made, and what it tells of. */

import type { KeyPair } from "../../net/keys.ts";
import type { RegistryError } from "../registry_error.ts";
import type { Service } from "../service.ts";
import type { LinkEnd } from "../wire/link_end.ts";

/** Options of {@linkcode connectRegistry}. */
export interface RegistryClientOptions {
  /** Signs changes, and owns what is registered. Default: a new one, which hubs with a list of keys do not know. */
  readonly key?: KeyPair;
  /** Where the hub wants one of whoever looks for services. */
  readonly token?: string;
  /** Certificates of authorities that sign for wss: hubs, as PEM. Default: those of the system. */
  readonly ca?: string;
  /** Have all services here. Default: true; a client that only registers need not. */
  readonly follow?: boolean;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Closes the client. */
  readonly signal?: AbortSignal;
}

/** Events of a client, with what their `detail` is. */
export type RegistryClientEvents = {
  /** A service is there, or is another one than before. */
  register: Service;
  /** A service is gone. */
  free: Service;
  /** The address under which the hub sees this process. */
  host: string;
  /**
   * Something was refused: the connection, or a registration over a new connection. That one is asked for again, unless
   * it is told as `lost` too.
   */
  reject: RegistryError;
  /** A service that was registered here belongs to another owner, or can't be; `reject` tells why. Its id. */
  lost: string;
  /** There is a connection to a hub, of this URL. */
  connect: string;
  /** There is none any more. */
  disconnect: LinkEnd;
  /** A hub could not be reached; the next one is tried. */
  unreachable: Error;
  /** The hub was silent for too long. */
  timeout: LinkEnd;
  /** All services are here. */
  synced: undefined;
  /** The client was closed. */
  close: undefined;
};
