/**
 * What one client of seaport has registered. It owns that as long as it is connected, and nobody else does.
 *
 * A client that lost its hub comes with the ids that it had before, while rows of its old connection may still be there:
 * at a hub that is gone, or because nobody has noticed yet. It can't prove that they are its own. So they stay as they
 * are, and what it wants waits: the moment they are dropped, its own take their place.
 */

import { isDeepStrictEqual } from "node:util";
import { limits } from "../../limits.ts";
import type { Session } from "../hub/registrar.ts";
import { RegistryError } from "../registry_error.ts";
import type { Service } from "../service.ts";
import type { Catalog } from "../table/catalog.ts";
import { hasUnknownVersion, toDocument } from "./documents.ts";
import type { News } from "./feed.ts";
import type { Meta } from "./lines.ts";

/** What clients need of their hub. */
export interface SeaportHub {
  /** Its id. */
  readonly hub: string;
  readonly catalog: Catalog;
  /** False: only holders of keys may change anything, and seaport clients have none that count here. */
  readonly isOpen: boolean;
  /** @throws {RegistryError} */
  register(session: Session, document: Meta): void;
  /** @throws {RegistryError} */
  free(session: Session, id: string): void;
  reject(error: RegistryError, address: string): void;
  warn(message: string, address: string): void;
}

/** The claims of one client. */
export class Claims {
  readonly #session: Session & { readonly address: string };
  readonly #hub: SeaportHub;
  /** What is registered, as the client described it. */
  readonly #held = new Map<string, Meta>();
  /** What will be when its id is free. */
  readonly #waiting = new Map<string, Meta>();
  #registering: string | undefined;
  #isEnded = false;

  constructor(session: Session & { readonly address: string }, hub: SeaportHub) {
    this.#session = session;
    this.#hub = hub;
  }

  /** The id that is being registered at this moment. */
  get registering(): string | undefined {
    return this.#registering;
  }

  holds(id: string): boolean {
    return this.#held.has(id);
  }

  waitsFor(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** The client registers a service, or says how it is now. */
  register(id: string, meta: Meta): void {
    const document = toDocument(id, meta);
    try {
      this.#put(id, document);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (!hasUnknownVersion(document)) return;
    const word = JSON.stringify(meta.version).slice(0, 80);
    this.#hub.warn(`The version ${word} of ${id} is no semantic version: it is found by its role alone`, this.#address);
  }

  /** The client has told us what it was told itself: no matter, unless it says something else of it. */
  repeat(id: string, meta: Meta): void {
    const service = this.#hub.catalog.get(id);
    if (service && !this.holds(id) && !this.#isSame(service, toDocument(id, meta))) this.#refuse(notOwner(id));
  }

  /** The client frees a service. False when that is not its own. */
  free(id: string): boolean {
    if (this.#waiting.delete(id)) return true;
    if (!this.holds(id)) return false;
    this.#hub.free(this.#session, id);
    return true;
  }

  /** Something happened to a service. False when the client need not know. */
  note({ type, id }: News): boolean {
    if (type === "free") this.#held.delete(id);
    if (!this.#waiting.has(id)) return true;
    // Others have to hear of this change before they do of the next.
    if (type === "free") queueMicrotask(() => this.#claim(id));
    return false;
  }

  /** A service of the client belongs to another owner now, or is another hub's. */
  lose(id: string): void {
    const document = this.#held.get(id);
    if (!document) return;
    this.#held.delete(id);
    this.#waiting.set(id, document);
    this.#refuse(new RegistryError("taken", `Cannot keep ${id}: another owner has registered it, later`));
  }

  /** The client is gone. */
  end(): void {
    this.#isEnded = true;
  }

  get #address(): string {
    return this.#session.address;
  }

  #claim(id: string): void {
    const document = this.#waiting.get(id);
    if (!document || this.#isEnded || this.#hub.catalog.get(id)) return;
    try {
      this.#put(id, document);
    } catch (error) {
      if (error instanceof RegistryError && error.code === "taken") return; // somebody else was quicker: it waits on
      this.#waiting.delete(id);
      this.#refuse(error);
    }
  }

  /** @throws {RegistryError} */
  #put(id: string, document: Meta): void {
    this.#check(id);
    const before = this.#held.get(id);
    // Clients say it twice that were not connected when they registered: before they know their address, and then.
    if (before && this.#isSame(this.#hub.catalog.get(id), document)) return;
    this.#held.set(id, document);
    this.#registering = id;
    try {
      this.#hub.register(this.#session, document);
      if (this.holds(id)) this.#waiting.delete(id);
    } catch (error) {
      if (before) this.#held.set(id, before);
      else this.#held.delete(id);
      if (!(error instanceof RegistryError) || error.code !== "taken") throw error;
      this.#waiting.set(id, document);
      if (!this.#isSame(this.#hub.catalog.get(id), document)) throw error;
    } finally {
      this.#registering = undefined;
    }
  }

  #check(id: string): void {
    if (!this.#hub.isOpen) {
      const message = `Cannot register ${id}: the hub knows who may by keys, and those of seaport are not among them`;
      throw new RegistryError("unauthorized", message);
    }
    const most = limits.registryServicesOfClient;
    if (this.holds(id) || this.waitsFor(id) || this.#held.size + this.#waiting.size < most) return;
    throw new RegistryError("limit", `Cannot register more than ${most} services over one connection`);
  }

  #isSame(service: Service | undefined, document: Meta): boolean {
    if (!service) return false;
    const { awaiting: _, ...now } = service;
    return isDeepStrictEqual(now, { host: this.#session.host, ...document });
  }

  #refuse(error: unknown): void {
    if (!(error instanceof RegistryError)) throw error;
    this.#hub.reject(error, this.#address);
  }
}

/** Nobody may change what belongs to others. */
export function notOwner(id: string): RegistryError {
  return new RegistryError("not-owner", `Cannot change ${id}: it belongs to another owner`);
}
