/** Stream stores by directory: one process has a directory once, and several routes may lead to it. */

import { type Loom, type LoomOptions, openLoom } from "../../loom/open_loom.ts";

/** What all stores are opened with. */
export type LoomStoresOptions = Omit<LoomOptions, "dir" | "kv" | "sync">;

type Sync = NonNullable<LoomOptions["sync"]>;

/** A store in use. Disposing of it lets go, and closes the store when it was the last one. */
export interface LoomLease extends AsyncDisposable {
  readonly loom: Loom;
}

interface Entry {
  readonly sync: Sync;
  readonly loom: Promise<Loom>;
  leases: number;
}

/** Opens each directory once. */
export class LoomStores {
  readonly #options: LoomStoresOptions;
  readonly #entries = new Map<string, Entry>();
  /** Stores that are being closed: the next one of a directory waits for it. */
  readonly #closing = new Map<string, Promise<void>>();

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
  async use(dir: string, sync: Sync): Promise<LoomLease> {
    const entry = this.#entry(dir, sync);
    entry.leases++;
    try {
      const loom = await entry.loom;
      let isHeld = true;
      const letGo = async () => {
        if (!isHeld) return;
        isHeld = false;
        await this.#leave(dir, entry);
      };
      return { loom, [Symbol.asyncDispose]: letGo };
    } catch (error) {
      entry.leases--;
      if (this.#entries.get(dir) === entry) this.#entries.delete(dir); // whoever comes next may have more luck
      throw error;
    }
  }

  #entry(dir: string, sync: Sync): Entry {
    const known = this.#entries.get(dir);
    if (!known) {
      const opening = async () => {
        await this.#closing.get(dir);
        return await openLoom({ ...this.#options, dir, sync });
      };
      const entry = { sync, loom: opening(), leases: 0 };
      this.#entries.set(dir, entry);
      return entry;
    }
    if (known.sync === sync) return known;
    throw new TypeError(`Cannot open ${dir} with sync ${sync}: another route uses it with sync ${known.sync}`);
  }

  async #leave(dir: string, entry: Entry): Promise<void> {
    entry.leases--;
    if (entry.leases > 0) return;
    this.#entries.delete(dir);
    const closed = entry.loom.then((loom) => loom.close());
    const done = closed.catch(() => {/* whoever let go is told */}).finally(() => this.#closing.delete(dir));
    this.#closing.set(dir, done);
    await closed;
  }
}
