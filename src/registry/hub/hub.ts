/**
 * A hub of the registry: services connect to it and are known as long as they stay connected; whoever looks for them asks
 * it, or has all of them with it. Hubs that are connected to each other know the services of all.
 */

import type { Handler } from "../../http/handler.ts";
import { type HttpServer, serveHttp } from "../../http/node_server.ts";
import { silent } from "../../log.ts";
import { urlHost } from "../../net/url_host.ts";
import { newKeyPair } from "../../net/keys.ts";
import { Events } from "../../net/events.ts";
import { readRegistration, type RegisterOptions } from "../registration.ts";
import type { RegistryError } from "../registry_error.ts";
import { bridgeService } from "../seaport/documents.ts";
import { openSeaportBridge, type SeaportBridge } from "../seaport/seaport_bridge.ts";
import type { JsonValue, Service, ServiceFinder } from "../service.ts";
import { firstMatch, watch, type WatchEvent } from "../table/watch.ts";
import type { Link } from "../wire/link.ts";
import { ClientSession, type SessionHub } from "./client_session.ts";
import { Doorkeeper, type Guest, type House } from "./doorkeeper.ts";
import { Followers } from "./followers.ts";
import type { HubCore } from "./hub_core.ts";
import { hubDoor } from "./hub_door.ts";
import { hubHttp } from "./hub_http.ts";
import type { HubEvents } from "./hub_events.ts";
import type { AuthorizedKey, RegistryOptions } from "./hub_options.ts";
import { hubService, Neighbours } from "./neighbours.ts";
import { isLoopback } from "../../net/loopback.ts";
import { outsideHost } from "./own_address.ts";
import { Peers } from "./peers.ts";
import { ownerOf, type Session } from "./registrar.ts";

/** How long requests under way may take when the hub is closed, milliseconds. */
const GRACE_MS = 1000;
/** Going away (RFC 6455 §7.4.1). */
const GOING_AWAY = 1001;

/** A hub of a registry; {@linkcode startRegistry} makes it. Disposing it closes it. */
export class Hub extends Events<HubEvents> implements ServiceFinder, AsyncDisposable {
  /** Answers WebSockets at `/registry`, `/services`, `/services/watch` and `/health`. WebSockets need `serveHttp` and its `upgrade`. */
  readonly fetch: Handler;
  readonly #options: RegistryOptions;
  readonly #core: HubCore;
  readonly #house: House;
  readonly #door: Doorkeeper;
  readonly #followers: Followers;
  readonly #peers: Peers;
  readonly #neighbours: Neighbours;
  readonly #self: Session;
  readonly #clients = new Set<Link>();
  readonly #ended = new AbortController();
  readonly #stopObserving: () => void;
  #server: HttpServer | undefined;
  #seaport: SeaportBridge | undefined;
  #closing: Promise<void> | undefined;

  /**
   * `startRegistry` makes hubs.
   *
   * @internal
   */
  constructor(core: HubCore, options: RegistryOptions & Required<Pick<RegistryOptions, "heartbeatMs" | "timeoutMs">>) {
    super();
    const { heartbeatMs, timeoutMs, key = newKeyPair(), authorized, queryToken, clock = Date.now, log = silent } =
      options;
    this.#options = options;
    this.#core = core;
    const { hub, start } = core;
    this.#house = { hub, start, heartbeatMs, timeoutMs, key, authorized, queryToken, clock };
    this.#door = new Doorkeeper(this.#house);
    this.#followers = new Followers(core.catalog);
    const { replica } = core.registrar;
    const onJoin = () => this.#announce();
    this.#peers = new Peers({ house: this.#house, door: this.#door, replica, ca: options.peerCa, log, onJoin });
    this.#neighbours = new Neighbours(core, (urls) => this.#onHubs(urls));
    const host = options.advertise ?? "127.0.0.1";
    this.#self = { owner: ownerOf(hub), incarnation: start, isAdmin: true, host, onLost: () => {} };
    this.#stopObserving = core.catalog.observe(undefined, ({ type, service }) => {
      this.emit(type === "free" ? "free" : "register", service);
    });
    const http = hubHttp({
      catalog: core.catalog,
      health: () => this.#health(),
      heartbeatMs,
      signal: this.#ended.signal,
    });
    const { origins = [], hostname = "127.0.0.1", advertise = hostname } = options;
    const receive = (link: Link, address: string) => this.#receive(link, address);
    this.fetch = hubDoor({ http, queryToken, origins, names: [advertise], receive });
  }

  /** The hub's id. */
  get id(): string {
    return this.#core.hub;
  }

  /** The port it listens on; undefined when it does not. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** The port for clients of npm seaport; undefined when it has none. */
  get seaportPort(): number | undefined {
    return this.#seaport?.port;
  }

  /** The URL that clients and peers connect to; undefined when it does not listen. */
  get url(): string | undefined {
    if (!this.#server) return undefined;
    const { hostname, port } = this.#server;
    const host = hostname === "0.0.0.0" ? "127.0.0.1" : urlHost(hostname);
    return `${this.#options.tls ? "wss" : "ws"}://${host}:${port}`;
  }

  query(pattern?: string): readonly Service[] {
    return this.#core.catalog.query(pattern);
  }

  async get(pattern: string, options: { readonly signal?: AbortSignal } = {}): Promise<readonly Service[]> {
    const { signal } = options;
    return await firstMatch(
      this.#core.catalog,
      pattern,
      signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal,
    );
  }

  /** Follows what matches a pattern, until the signal aborts or the hub is closed. */
  watch(pattern?: string, options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<WatchEvent> {
    const { signal } = options;
    return watch(
      this.#core.catalog,
      pattern,
      signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal,
    );
  }

  /**
   * Registers a service of the hub's own process; it is there as long as the hub.
   *
   * @throws {RegistryError}
   */
  async register(role: string, options: RegisterOptions = {}): Promise<Service> {
    return this.#core.register(this.#self, await readRegistration(role, options));
  }

  /**
   * Changes a service, whosever it is.
   *
   * @throws {RegistryError}
   */
  set(id: string, metadata: Readonly<Record<string, JsonValue>>): Service {
    return this.#core.set(this.#self, id, metadata);
  }

  /**
   * Frees a service, whosever it is.
   *
   * @throws {RegistryError}
   */
  free(id: string): void {
    this.#core.free(this.#self, id);
  }

  /**
   * Lets the holder of a key change services.
   *
   * @throws {TypeError} at a hub where everybody may
   */
  authorize(entry: AuthorizedKey): void {
    this.#door.authorize(entry);
  }

  /** Accepts connections, and calls its peers. */
  async listen(port: number): Promise<void> {
    const { hostname = "127.0.0.1", tls, connections, peers = [] } = this.#options;
    this.#server = await serveHttp(this.fetch, { hostname, port, tls, connections, upgrade: true });
    await this.#openSeaport(hostname);
    if (peers.length > 0 || this.#outside !== undefined) this.#announce();
    for (const peer of peers) this.#peers.call(peer);
  }

  /** Ends all connections. Clients go to other hubs; their services are known there until they come, or time out. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#core.leave(this.#self);
    this.#core.flush();
    await Promise.all([this.#seaport?.close(), this.#peers.close(), this.#core.close()]);
    this.#ended.abort(new DOMException("The hub was closed", "AbortError"));
    this.#neighbours[Symbol.dispose]();
    this.#followers[Symbol.dispose]();
    this.#stopObserving();
    for (const link of this.#clients) link.close(GOING_AWAY, "the hub is closed");
    await this.#server?.close(GRACE_MS);
    this.emit("close", undefined);
  }

  /** Under which others reach this machine; undefined where they don't. */
  get #outside(): string | undefined {
    const { advertise, hostname = "127.0.0.1" } = this.#options;
    return advertise ?? outsideHost(hostname);
  }

  /** Tells where this hub is. One that is alone on its machine need not be in anybody's list. */
  #announce(): void {
    if (!this.#server || this.#closing) return;
    const { hostname, port } = this.#server;
    const host = this.#outside ?? hostname;
    const { seaportPort } = this;
    const services: Readonly<Record<string, JsonValue>>[] = [
      hubService(this.id, { host, port, tls: this.#options.tls !== undefined }),
    ];
    if (seaportPort) services.push(bridgeService(this.id, { host, port: seaportPort }));
    try {
      for (const service of services) this.#core.register(this.#self, service);
    } catch (error) {
      // Others can't find it by itself; all that it does for those who know it goes on.
      this.#options.log?.("error", `The hub can't be told of: ${(error as Error).message}`);
    }
  }

  async #openSeaport(hostname: string): Promise<void> {
    const { seaportPort: port, connections, log } = this.#options;
    if (port === undefined) return;
    const { heartbeatMs, timeoutMs, clock } = this.#house;
    this.#seaport = await openSeaportBridge({
      ...{ core: this.#core, self: this.#self, hostname, port, connections, heartbeatMs, timeoutMs, clock, log },
      isOpen: !this.#door.isClosed,
      hostFor: (address) => this.#hostFor(address),
      onReject: (error, address) => this.emit("reject", { error, address }),
      onClient: (event, address) => this.emit(event, { address, kind: "client" }),
    });
  }

  #receive(link: Link, address: string): void {
    if (this.#closing) return link.close(GOING_AWAY, "the hub is closed");
    link.onFault = (error) => this.#options.log?.("error", `A message could not be dealt with: ${error}`, { address });
    const onReject = (error: RegistryError) => this.emit("reject", { error, address });
    this.#door.receive(link, address, (guest) => this.#admit(guest), onReject);
  }

  #admit(guest: Guest): void {
    const { link, hello: { kind }, address } = guest;
    this.emit("connect", { address, kind });
    link.closed.then(({ timedOut }) => {
      if (timedOut) this.emit("timeout", { address, kind });
      this.emit("disconnect", { address, kind });
    });
    if (kind === "hub") return this.#peers.accept(guest);
    const session = new ClientSession(guest, this.#hostFor(address), this.#sessionHub(link));
    this.#clients.add(link);
    link.send({ type: "welcome", hubs: this.#neighbours.urls });
    link.keepAlive(this.#house);
    link.closed.then(() => {
      this.#clients.delete(link);
      this.#core.leave(session);
    });
  }

  #sessionHub(link: Link): SessionHub {
    return {
      register: (session, input) => this.#core.register(session, input),
      set: (session, id, input) => this.#core.set(session, id, input),
      free: (session, id) => this.#core.free(session, id),
      follow: () => this.#followers.add(link),
      reject: (error, address) => this.emit("reject", { error, address }),
    };
  }

  /** To everybody else, what connects from this machine is where this machine is. */
  #hostFor(address: string): string {
    if (!isLoopback(address)) return address;
    return this.#outside ?? address;
  }

  #onHubs(urls: readonly string[]): void {
    for (const url of urls) this.#peers.call(url, true);
    for (const link of this.#clients) link.send({ type: "hubs", urls });
  }

  #health(): Record<string, string | number> {
    const { hub, catalog } = this.#core;
    return {
      hub,
      services: catalog.size,
      clients: this.#clients.size + (this.#seaport?.size ?? 0),
      peers: this.#peers.size,
    };
  }
}
