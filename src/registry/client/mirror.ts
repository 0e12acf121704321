/** A client's copy of all services, as its hub tells them. */

import type { Service } from "../service.ts";
import { Catalog } from "../table/catalog.ts";
import { isRecord } from "../table/document.ts";
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
   * Takes what a hub says of services.
   *
   * @returns true when they are all there
   */
  take(message: Message): boolean {
    if (message.type === "rows") this.#addRows(message);
    else if (message.type === "changes") { for (const change of list(message.changes)) this.#change(change); }
    else if (message.type === "synced") return this.#sync();
    return false;
  }

  #addRows({ first, services }: Message): void {
    if (first) this.#coming = new Map();
    for (const service of list(services)) {
      if (isService(service)) this.#coming?.set(service.id, service);
    }
  }

  #change(change: unknown): void {
    if (!isRecord(change)) return;
    if (typeof change.free === "string") this.catalog.remove(change.free);
    else if (isService(change.service)) this.catalog.put(change.service);
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

/** As much as the table needs to hold it; hubs have checked the rest. */
function isService(value: unknown): value is Service {
  return isRecord(value) && typeof value.id === "string" && typeof value.role === "string" &&
    (value.version === undefined || typeof value.version === "string");
}
