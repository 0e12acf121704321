/** What a hub can be told when it is made. */

import type { TlsPair } from "../../http/tls.ts";
import type { Log } from "../../log.ts";
import type { KeyPair, PublicKey } from "../../net/keys.ts";

/** A key whose holder may change services. */
export interface AuthorizedKey {
  /** The public half, which key files hold too. */
  readonly key: PublicKey;
  /** It may also change services of others, and be a hub. */
  readonly isAdmin?: boolean;
}

/** Options of {@linkcode startRegistry}. */
export interface RegistryOptions {
  /** Port to listen on, 0 for any free one. Without it the hub doesn't listen: mount its `fetch` with `serveHttp`. */
  readonly port?: number;
  /** Address to listen on. Default: 127.0.0.1. */
  readonly hostname?: string;
  /** PEM of a certificate chain and its private key, for https: and wss:. */
  readonly tls?: TlsPair;
  /** Folder for what has to outlive a restart. Default: nothing does. */
  readonly dir?: string;
  /** This hub's key, by which others know it. It may do everything here. Default: a new one. */
  readonly key?: KeyPair;
  /** Who may change services; every change has to be signed then. Default: everybody who can connect. */
  readonly authorized?: readonly AuthorizedKey[];
  /** Token that whoever looks for services has to bring, unless by an authorized key. Default: none. */
  readonly queryToken?: string;
  /** Addresses of other hubs, `host:port` or URLs. Further hubs are found through them. */
  readonly peers?: readonly string[];
  /** Certificates of authorities that sign for peers' wss: URLs, as PEM. */
  readonly peerCa?: string;
  /** Host under which others reach this hub, and services that connect from its own machine. Default: its address. */
  readonly advertise?: string;
  /** How often both sides of a connection give a sign of life, milliseconds. Default 15,000. */
  readonly heartbeatMs?: number;
  /** How long none may come, milliseconds. Default: three heartbeats. */
  readonly timeoutMs?: number;
  /** Port for clients of npm seaport 2.x, 0 for any free one. Default: none. */
  readonly seaportPort?: number;
  /** Web pages that may use the hub, such as `https://app.example`; those of this machine always may. */
  readonly origins?: readonly string[];
  /** Connections at a time. Default: what all servers have, half of the descriptors. */
  readonly connections?: number;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Closes the hub. */
  readonly signal?: AbortSignal;
  /** Told of what goes wrong without anybody asking. */
  readonly log?: Log;
}
