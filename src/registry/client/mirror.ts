/** A client's copy of all services, as its hub tells them. */

import { limits } from "../../limits.ts";
import { RegistryError } from "../registry_error.ts";
import type { Service } from "../service.ts";
import { Catalog } from "../table/catalog.ts";
import { isRecord, isService } from "../table/document.ts";
import type { Message } from "../wire/read_message.ts";

/** The copy. It stays as it was while there is no connection. */
export class Mirror {
  readonly catalog = new Catalog();
  /** What has come of all services, until they are all there. */
  #coming: Map<string, Service> | undefined;

  /** A new connection: what had come over the last one is only a part. */
  restart(): void {
    this.#coming = undefined;
  }

  /**
   * Takes what a hub says of services; what can be no service is left out.
   *
   * @returns true when they are all there
   * @throws {RegistryError} `limit`
   */
  take(message: Message): boolean {
    if (message.type === "rows") this.#addRows(message);
    else if (message.type === "changes") { for (const change of list(message.changes)) this.#change(change); }
    else if (message.type === "synced") return this.#sync();
    return false;
  }

  #addRows({ first, services }: Message): void {
    if (first) this.#coming = new Map();
    const coming = this.#coming;
    if (!coming) return;
    for (const service of list(services)) {
      if (isService(service)) coming.set(service.id, service);
    }
    checkSize(coming.size);
  }

  #change(change: unknown): void {
    if (!isRecord(change)) return;
    if (typeof change.free === "string") this.catalog.remove(change.free);
    else if (isService(change.service)) {
      if (!this.catalog.get(change.service.id)) checkSize(this.catalog.size + 1);
      this.catalog.put(change.service);
    }
  }

  #sync(): boolean {
    const { catalog } = this;
    const coming = this.#coming ?? new Map<string, Service>();
    this.#coming = undefined;
    for (const { id } of catalog.query()) {
      if (!coming.has(id)) catalog.remove(id);
    }
    for (const service of coming.values()) {
      const before = catalog.get(service.id);
      if (!before || JSON.stringify(before) !== JSON.stringify(service)) catalog.put(service);
    }
    return true;
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A hub that tells of more and more services would take all memory. */
function checkSize(services: number): void {
  if (services <= limits.registryServicesSeen) return;
  throw new RegistryError("limit", `A hub has no more than ${limits.registryServicesSeen} services`);
}
