/**
 * Where nodes of flatend 0.0.8 come in: what they offer can be asked by us, and what we offer by them. It costs a socket a
 * node. The wire's encryption is weak, and it has no words for "wait" and "never mind": docs/flatend.md says what follows.
 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { ClientDoor } from "../../client_door.ts";
import type { RequestInfo } from "../../http/handler.ts";
import { atMost, type Log, silent } from "../../log.ts";
import { systemClock } from "../clock.ts";
import { checkOptions, type FlatendBridgeOptions } from "./bridge_options.ts";
import { FlatendError } from "./flatend_error.ts";
import { flatendLimits } from "./limits.ts";
import { type Handshake, signedBytes } from "./packets.ts";
import { near } from "./near.ts";
import { type FlatendPeer, Peer, type PeerOptions } from "./peer.ts";

export type { FlatendBridgeOptions } from "./bridge_options.ts";
export type { FlatendPeer } from "./peer.ts";

/** Names that one handshake can tell, and bytes of one. */
const SERVICES_MAX = 255;
const NAME_BYTES_MAX = 255;
/** Lines about connections a second: strangers cause them. */
const LOGGED_MAX = 20;

/** A bridge that listens. */
export class FlatendBridge implements AsyncDisposable {
  readonly #options: FlatendBridgeOptions;
  readonly #log: Log;
  readonly #server: Server;
  readonly #door = new ClientDoor();
  readonly #peers = new Map<string, Peer>();
  readonly #onAbort = () => void this.close();
  #count = 0;
  #closed: Promise<void> | undefined;

  /** Use {@linkcode listenFlatend}. */
  constructor(server: Server, options: FlatendBridgeOptions) {
    this.#options = options;
    this.#log = atMost(options.log ?? silent, LOGGED_MAX);
    this.#server = server;
    server.on("connection", (socket: Socket) => this.#accept(socket));
    server.on("error", (error: Error) => this.#log("error", `Flatend nodes can't be accepted: ${error.message}`));
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal?.aborted) this.close();
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The nodes that are connected and have said what they offer. */
  get peers(): readonly FlatendPeer[] {
    return [...this.#peers.values()].filter(({ isGreeted }) => isGreeted);
  }

  /** Those that offer a service. */
  providers(service: string): readonly FlatendPeer[] {
    return this.peers.filter(({ services }) => services.includes(service));
  }

  /**
   * Asks the first of the services that a node has.
   *
   * @param peerKey the node's `key`
   * @throws {FlatendError} when there is no answer
   * @throws {HttpError} 431 when the request's head does not fit into the wire
   * @throws what the request's body broke with, or its signal
   */
  async push(
    peerKey: string,
    services: readonly string[],
    request: Request,
    info?: RequestInfo,
  ): Promise<Response> {
    const peer = this.#peers.get(peerKey);
    if (!peer) throw new FlatendError("unhandled");
    return await peer.push(services, request, info);
  }

  /** Ends all connections; requests under way break. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const peer of this.#peers.values()) peer.end("we are leaving");
    await closed;
  }

  #accept(socket: Socket): void {
    socket.on("error", () => {}); // it is told of by the close that follows
    if (!this.#door.admit(socket)) return;
    if (this.#closed || socket.remoteAddress === undefined) return void socket.destroy();
    const { clock = systemClock, idleMs = flatendLimits.idleMs, call, offered } = this.#options;
    const options: PeerOptions = {
      key: `flatend-${++this.#count}`,
      clock,
      idleMs,
      log: this.#log,
      call,
      offered,
      introduce: (host, port) => this.#introduce(host, port),
      near: (target, asker) => near(this.#contacts(), target, asker.id?.publicKey),
      onOffers: (peer, services) => this.#options.onOffers?.(peer, services),
      onEnd: (peer) => void this.#peers.delete(peer.key),
    };
    this.#peers.set(options.key, new Peer(socket, options));
  }

  #contacts() {
    return [...this.#peers.values()].flatMap(({ contact }) => contact ?? []);
  }

  #introduce(host: string, port: number): Handshake {
    const { identity, offered, advertise = { host, port } } = this.#options;
    const all = offered();
    const encoder = new TextEncoder();
    const services = all.filter((name) => encoder.encode(name).byteLength <= NAME_BYTES_MAX).slice(0, SERVICES_MAX);
    if (services.length < all.length) {
      const message = `Flatend nodes are told of ${services.length} services only, of ${all.length}`;
      this.#log("warn", message, { most: SERVICES_MAX, nameBytes: NAME_BYTES_MAX });
    }
    const id = { publicKey: identity.publicKey, ...advertise };
    return { id, services, signature: identity.sign(signedBytes(id, services)) };
  }
}

/**
 * Listens for nodes of flatend 0.0.8.
 *
 * @throws {TypeError} {RangeError} for options that make no sense
 * @throws the system's error when the address can't be listened on
 */
export async function listenFlatend(options: FlatendBridgeOptions): Promise<FlatendBridge> {
  checkOptions(options);
  const { host = "127.0.0.1", port } = options;
  const server = createServer();
  server.maxConnections = flatendLimits.connections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return new FlatendBridge(server, options);
}
