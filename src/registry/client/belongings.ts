/**
 * What a client has registered: it is registered again over each connection, until it is freed or belongs to somebody
 * else. A hub that refuses it for another reason may take it later, and the next hub may take it at once.
 */

import { limits } from "../../limits.ts";
import { releasePort } from "../../net/free_port.ts";
import { RegistryError, type RegistryErrorCode } from "../registry_error.ts";
import type { JsonValue, Service } from "../service.ts";
import type { Wish } from "./requests.ts";

type Described = Readonly<Record<string, JsonValue>>;

/** A service of this client. */
interface Owned {
  service: Described;
  /** A hub has had it: it is registered anew over each connection. */
  isAccepted: boolean;
}

/** What happens to them. */
export interface BelongingsEvents {
  /** One is not ours any more. */
  onLost(id: string, error: RegistryError): void;
  /** A hub does not take one that another one, or the same, has had; it is asked again. */
  onRefused(error: RegistryError): void;
}

/** No hub takes the service again when it was refused for one of these. */
const FINAL = new Set<RegistryErrorCode>(["taken", "invalid"]);

/** All services of a client. */
export class Belongings {
  readonly #ask: (wish: Wish, isOnce?: boolean) => Promise<Service | undefined>;
  readonly #events: BelongingsEvents;
  readonly #owned = new Map<string, Owned>();
  readonly #refused = new Set<string>();
  #again: ReturnType<typeof setTimeout> | undefined;

  /** @param ask asks the hub, as `Requests` do */
  constructor(ask: (wish: Wish, isOnce?: boolean) => Promise<Service | undefined>, events: BelongingsEvents) {
    this.#ask = ask;
    this.#events = events;
  }

  /**
   * Registers one.
   *
   * @throws {RegistryError}
   */
  async add(service: Described): Promise<Service> {
    const id = service.id as string;
    if (this.#owned.has(id)) throw new RegistryError("taken", `Cannot register ${id}: it is registered by this client`);
    const owned: Owned = { service, isAccepted: false };
    this.#owned.set(id, owned);
    try {
      const accepted = await this.#ask({ type: "register", service });
      owned.isAccepted = true;
      return accepted!;
    } catch (error) {
      if (this.#owned.get(id) === owned) this.remove(id);
      throw error;
    }
  }

  /**
   * Gives one, of this client or not, other metadata.
   *
   * @throws {RegistryError}
   */
  async set(id: string, metadata: Described): Promise<Service> {
    const owned = this.#owned.get(id);
    const before = owned?.service;
    const after = before && described(before, metadata);
    if (after) owned.service = after;
    try {
      return (await this.#ask({ type: "set", id, service: metadata }))!;
    } catch (error) {
      if (after && owned.service === after) owned.service = before;
      throw error;
    }
  }

  /** One is not ours any more; false when it was not before. */
  remove(id: string): boolean {
    const port = this.#owned.get(id)?.service.port;
    this.#refused.delete(id);
    if (!this.#owned.delete(id)) return false;
    if (typeof port === "number") releasePort(port);
    return true;
  }

  /** There is a connection: registers again what a hub has had. */
  restore(): void {
    this.pause();
    for (const [id, { isAccepted }] of this.#owned) if (isAccepted) this.#restoreOne(id);
  }

  /** There is none: hubs are asked again over the next one. */
  pause(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    this.#refused.clear();
  }

  /** None is ours any more. */
  clear(): void {
    this.pause();
    for (const id of [...this.#owned.keys()]) this.remove(id);
  }

  #restoreOne(id: string): void {
    const owned = this.#owned.get(id);
    if (!owned) return;
    this.#ask({ type: "register", service: owned.service }, true).catch((error: RegistryError) => {
      if (this.#owned.get(id) === owned) this.#onRefused(id, error);
    });
  }

  #onRefused(id: string, error: RegistryError): void {
    if (FINAL.has(error.code)) {
      this.remove(id);
      return this.#events.onLost(id, error);
    }
    this.#refused.add(id);
    this.#again ??= setTimeout(() => {
      const refused = [...this.#refused];
      this.pause();
      for (const each of refused) this.#restoreOne(each);
    }, limits.registryAskAgainMs);
    this.#events.onRefused(error);
  }
}

/** What a service is after a change, as the hub makes it: its id, its role and its version stay. */
function described(before: Described, metadata: Described): Described {
  const { id, role, version, host, port } = before;
  const { version: _, check = before.check ?? null, ...changed } = metadata;
  const stays = { id, role, ...version === undefined ? {} : { version } };
  return { ...host === undefined ? {} : { host }, port, ...changed, ...check === null ? {} : { check }, ...stays };
}
