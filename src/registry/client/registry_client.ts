/**
 * A client of the registry: it registers services, and has all services of all hubs with it, so that looking for one
 * takes no round trip. It stays connected to one of its hubs for ever; while it is not, it knows what it knew.
 */

import { type KeyPair, newKeyPair } from "../../net/keys.ts";
import { Events } from "../../net/events.ts";
import { readRegistration, type RegisterOptions } from "../registration.ts";
import { RegistryError } from "../registry_error.ts";
import type { JsonValue, Service, ServiceFinder } from "../service.ts";
import { firstMatch, watch, type WatchEvent } from "../table/watch.ts";
import type { Call } from "../wire/dial.ts";
import type { Link } from "../wire/link.ts";
import type { LinkEnd } from "../wire/link_end.ts";
import type { Message } from "../wire/read_message.ts";
import { clockOf, Sealer } from "../wire/seal.ts";
import { Belongings } from "./belongings.ts";
import type { RegistryClientEvents, RegistryClientOptions } from "./client_options.ts";
import { HubConnection } from "./hub_connection.ts";
import { Mirror } from "./mirror.ts";
import { Registration } from "./registration.ts";
import { Requests, type Wish } from "./requests.ts";

/** A client of a registry; {@linkcode connectRegistry} makes it. Disposing it closes it. */
export class RegistryClient extends Events<RegistryClientEvents> implements ServiceFinder, AsyncDisposable {
  readonly #options: RegistryClientOptions;
  readonly #key: KeyPair;
  readonly #mirror = new Mirror();
  readonly #requests = new Requests();
  readonly #connection: HubConnection;
  readonly #belongings: Belongings;
  readonly #ended = new AbortController();
  #synced = awaited();
  #link: Link | undefined;
  #currentAt = -Infinity;
  #isSynced = false;

  /**
   * `connectRegistry` makes clients.
   *
   * @internal
   */
  constructor(hubs: readonly string[], options: RegistryClientOptions) {
    super();
    this.#options = options;
    this.#key = options.key ?? newKeyPair();
    this.#mirror.catalog.observe(undefined, ({ type, service }) => {
      this.emit(type === "free" ? "free" : "register", service);
    });
    this.#belongings = new Belongings((wish, isOnce) => this.#ask(wish, isOnce), {
      onLost: (id, error) => this.#tellLost(id, error),
      onRefused: (error) => this.emit("reject", error),
    });
    const { token, ca } = options;
    this.#connection = new HubConnection(hubs, { kind: "client", key: this.#key, token, ca }, {
      onUp: (call, url) => this.#onUp(call, url),
      onDown: (end) => this.#onDown(end),
      onFailure: (error) => this.#onFailure(error),
    });
  }

  /** True while there is a connection. */
  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** How long ago the hub was last heard to have nothing newer than what is here, milliseconds; Infinity before all services were here. */
  get ageMs(): number {
    return performance.now() - (this.#isSynced && this.#link ? this.#link.heardAt : this.#currentAt);
  }

  query(pattern?: string): readonly Service[] {
    return this.#mirror.catalog.query(pattern);
  }

  async get(pattern: string, options: { readonly signal?: AbortSignal } = {}): Promise<readonly Service[]> {
    return await firstMatch(this.#mirror.catalog, pattern, this.#until(options.signal));
  }

  /** Follows what matches a pattern: what there is at first, then each change. It ends with the signal or the client. */
  watch(pattern?: string, options: { readonly signal?: AbortSignal } = {}): AsyncIterableIterator<WatchEvent> {
    return watch(this.#mirror.catalog, pattern, this.#until(options.signal));
  }

  /**
   * Waits until all services are here.
   *
   * @throws {RegistryError} when a hub refuses the connection
   */
  synced(): Promise<void> {
    return this.#synced.promise;
  }

  /**
   * Registers a service, and keeps it registered.
   *
   * @param name `role` or `role@version`
   * @returns when a hub has it
   * @throws {RegistryError} when the hub refuses it
   * @throws {TypeError} for a name that is none
   * @throws {RangeError} when no port of the range is free
   */
  async register(name: string, options: RegisterOptions = {}): Promise<Registration> {
    const service = await this.#belongings.add(await readRegistration(name, options));
    return new Registration(service, {
      set: (id, metadata) => this.set(id, metadata),
      free: (id) => this.free(id),
    });
  }

  /**
   * Gives a service other metadata in place of those it had. Its owner may, and the holder of an admin key.
   *
   * @throws {RegistryError}
   */
  async set(id: string, metadata: Readonly<Record<string, JsonValue>>): Promise<Service> {
    return await this.#belongings.set(id, metadata);
  }

  /**
   * Frees a service. Its owner may, and the holder of an admin key.
   *
   * @throws {RegistryError}
   */
  async free(service: string | Service): Promise<void> {
    const id = typeof service === "string" ? service : service.id;
    this.#belongings.remove(id);
    await this.#ask({ type: "free", id });
  }

  /** Ends the connection, and with it all registrations. */
  async close(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(new RegistryError("closed", "The client of the registry was closed"));
    this.#belongings.clear();
    this.#link?.close(1000, "");
    await this.#connection.close();
    this.#requests.fail(this.#ended.signal.reason);
    this.#synced.reject(this.#ended.signal.reason);
    this.emit("close", undefined);
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal;
  }

  #ask(wish: Wish, isOnce = false): Promise<Service | undefined> {
    this.#ended.signal.throwIfAborted();
    return this.#requests.make(wish, isOnce);
  }

  #onUp({ link, greeting, welcome, listen }: Call, url: string): void {
    const { clock = Date.now, follow = true } = this.#options;
    const sealer = greeting.signed && new Sealer(this.#key, greeting.challenge, clockOf(greeting.time, clock));
    const send = (message: object) => link.send(sealer ? sealer.seal(message) : message);
    this.#link = link;
    this.#mirror.restart();
    this.#connection.tell(welcome.hubs);
    listen((message) => this.#take(message));
    link.keepAlive(greeting);
    this.emit("connect", url);
    this.emit("host", greeting.address);
    if (follow) link.send({ type: "follow" });
    // They come before all else that waits, which may be about one of them.
    this.#requests.connect(send, () => this.#belongings.restore());
  }

  #onDown(end: LinkEnd): void {
    if (this.#isSynced) this.#currentAt = this.#link!.heardAt;
    this.#link = undefined;
    this.#requests.disconnect();
    this.#belongings.pause();
    if (end.timedOut) this.emit("timeout", end);
    this.emit("disconnect", end);
  }

  #onFailure(error: Error): void {
    if (!(error instanceof RegistryError)) return this.emit("unreachable", error);
    // Whoever waits is told; the hub may let us in later.
    this.emit("reject", error);
    this.#requests.fail(error);
    this.#synced.reject(error);
    if (!this.#isSynced) this.#synced = awaited();
  }

  #take(message: Message): void {
    switch (message.type) {
      case "done":
      case "refused":
        return this.#answer(message);
      case "hubs":
        return this.#connection.tell(message.urls);
      case "lost":
        return this.#lose(String(message.id));
    }
    if (!this.#mirror.take(message)) return;
    this.#isSynced = true;
    this.#synced.resolve();
    this.emit("synced", undefined);
  }

  #answer(message: Message): void {
    if (message.request !== undefined) return this.#requests.answer(message);
    this.emit("reject", new RegistryError(message.code as RegistryError["code"], String(message.message)));
  }

  /** The hub says so, which has the say over what is registered there; it has none over what is not ours. */
  #lose(id: string): void {
    if (!this.#belongings.remove(id)) return;
    this.#tellLost(
      id,
      new RegistryError("taken", `Lost ${id}: another owner has registered it at another hub, later`),
    );
  }

  /** A registration is not ours any more. */
  #tellLost(id: string, error: RegistryError): void {
    this.emit("lost", id);
    this.emit("reject", error);
  }
}

/** A promise that may fail without anybody waiting for it. */
function awaited(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  made.promise.catch(() => {});
  return made;
}
