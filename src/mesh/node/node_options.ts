/** What a node is started with, and what it tells. */

import type { Handler } from "../../http/handler.ts";
import type { Log } from "../../log.ts";
import type { KeyPair } from "../../net/keys.ts";
import type { Clock } from "../clock.ts";
import type { Identity } from "../identity.ts";
import type { NodeId } from "../node_id.ts";
import type { Transport } from "./transport.ts";

/** Options of {@linkcode startNode}. */
export interface NodeOptions {
  /** Where others reach it, `HOST:PORT`; port 0 for any. Default: nowhere, as behind NAT: others reach it by its join points. */
  readonly listen?: string | readonly string[];
  /** Nodes by which it joins a mesh: `HOST:PORT`, `ws://HOST/PATH` or `wss://HOST/PATH`. */
  readonly join?: string | readonly string[];
  /** Where others reach it, if that is not where it listens: behind a forwarded port or a proxy. */
  readonly advertise?: string | readonly string[];
  /** Who it is, an Ed25519 key. Default: a new one, for its own life. */
  readonly key?: KeyPair;
  /** 32 secret bytes that all nodes of the mesh have: nobody else can speak to any of them. */
  readonly networkKey?: Uint8Array;
  /** Ids of nodes that may join. Default: all that have the network key, or everybody. */
  readonly allow?: readonly NodeId[];
  /** What it offers: handlers by `NAME` or `NAME@VERSION`. */
  readonly services?: Readonly<Record<string, Handler>>;
  /** `first`: calls go to providers on this machine while these do well. Default: `none`. */
  readonly locality?: "first" | "none";
  /** Where clients of flatend 0.0.8 connect, `HOST:PORT`. Their encryption is not to be relied on: docs/flatend.md. */
  readonly flatend?: string;
  /** Takes events. */
  readonly log?: Log;
  /** Closes the node. */
  readonly signal?: AbortSignal;
  /**
   * For simulations: other than the network, the machine's clock, chance, and cryptography.
   *
   * @internal
   */
  readonly simulation?: NodeSimulation;
}

/** What a simulation replaces. */
export interface NodeSimulation {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  /** No cryptography at all: nodes are believed who they say they are. */
  readonly insecure: boolean;
  /** Who the node is, where many are made. */
  readonly identity?: Identity;
}

/** Events of a node. */
export interface NodeEvents extends Record<string, unknown> {
  /** It is part of the mesh, by this node. */
  readonly join: { readonly address: string; readonly id: NodeId };
  /** It is not, by this address: it goes on trying. */
  readonly part: { readonly address: string; readonly error: Error };
  /** A session with a node began. */
  readonly open: { readonly id: NodeId };
  /** One has ended. */
  readonly close: { readonly id: NodeId; readonly error: Error };
  /** Others reach it in another way than before. */
  readonly reach: { readonly addresses: readonly string[]; readonly relays: readonly NodeId[] };
  /** Others know what it offers. */
  readonly announce: { readonly service: string; readonly version: string; readonly keepers: number };
}

/** Who offers a service. */
export interface ServiceProvider {
  /** Who it is. */
  readonly id: NodeId;
  /** The service's name. */
  readonly service: string;
  /** Empty where it has none. */
  readonly version: string;
  /** Where it is reached; empty for one that is reached by others only. */
  readonly addresses: readonly string[];
  /** Nodes by which it is reached. */
  readonly relays: readonly NodeId[];
}
