/** Keeps subscriptions as long as the process lives: for streams that are kept in memory too. */

import type { SubscriptionKeeper } from "./keeper.ts";

/** A keeper in memory. */
export class MemoryKeeper implements SubscriptionKeeper {
  readonly #documents = new Map<string, string>();
  readonly #secrets = new Map<string, Promise<Uint8Array>>();

  async *load(): AsyncGenerator<[id: string, document: unknown]> {
    for (const [id, text] of [...this.#documents]) yield [id, JSON.parse(text)];
  }

  /** Keeps the text, so that what is changed later in the object is not changed in what was kept. */
  save(id: string, document: unknown | undefined): Promise<void> {
    if (document === undefined) this.#documents.delete(id);
    else this.#documents.set(id, JSON.stringify(document));
    return Promise.resolve();
  }

  secret(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = this.#secrets.get(name) ?? make();
    this.#secrets.set(name, known);
    return known;
  }
}
