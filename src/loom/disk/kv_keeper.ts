/** Subscriptions and secrets on Deno.Kv. */

import { SECRETS, SUBSCRIPTIONS } from "./keys.ts";
import type { SubscriptionKeeper } from "../subscriptions/keeper.ts";

/** Keeps subscriptions where the store keeps what it knows of streams. */
export class KvKeeper implements SubscriptionKeeper {
  readonly #kv: Deno.Kv;

  constructor(kv: Deno.Kv) {
    this.#kv = kv;
  }

  async *load(): AsyncIterable<[id: string, document: unknown]> {
    for await (const { key, value } of this.#kv.list({ prefix: SUBSCRIPTIONS })) yield [key.at(-1) as string, value];
  }

  async save(id: string, document: unknown | undefined): Promise<void> {
    if (document === undefined) await this.#kv.delete([...SUBSCRIPTIONS, id]);
    else await this.#kv.set([...SUBSCRIPTIONS, id], document);
  }

  async secret(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const { value } = await this.#kv.get<Uint8Array>([...SECRETS, name]);
    if (value) return value;
    const made = await make();
    await this.#kv.set([...SECRETS, name], made);
    return made;
  }
}
