/** Stream stores by directory: one process has a directory once, and several routes may lead to it. */

import { type Loom, type LoomOptions, openLoom } from "../../loom/open_loom.ts";
import { type Lease, Shared } from "../shared.ts";

/** What all stores are opened with. */
export type LoomStoresOptions = Omit<LoomOptions, "dir" | "kv" | "sync">;

type Sync = NonNullable<LoomOptions["sync"]>;

/** A store that routes share, and how its first one wanted it. */
export interface OpenStore extends AsyncDisposable {
  readonly loom: Loom;
  readonly sync: Sync;
}

/** Opens each directory once. */
export class LoomStores {
  readonly #options: LoomStoresOptions;
  readonly #stores = new Shared<OpenStore>();

  constructor(options: LoomStoresOptions = {}) {
    this.#options = options;
  }

  /**
   * The store of a directory.
   *
   * @param dir absolute
   * @throws {TypeError} when it is in use with another kind of sync
   * @throws what `openLoom` throws
   */
  async use(dir: string, sync: Sync): Promise<Lease<OpenStore>> {
    const lease = await this.#stores.use(dir, () => this.#open(dir, sync));
    const { value } = lease;
    if (value.sync === sync) return lease;
    await lease[Symbol.asyncDispose]();
    throw new TypeError(`Cannot open ${dir} with sync ${sync}: another route uses it with sync ${value.sync}`);
  }

  async #open(dir: string, sync: Sync): Promise<OpenStore> {
    const loom = await openLoom({ ...this.#options, dir, sync });
    return { loom, sync, [Symbol.asyncDispose]: () => loom.close() };
  }
}
