/** What several users share by a key: opened for the first of them, and closed with the last. */

/** A share of it. Disposing of it lets go. */
export interface Lease<T> extends AsyncDisposable {
  readonly value: T;
}

interface Entry<T> {
  readonly value: Promise<T>;
  leases: number;
}

/** All that is open, by key. */
export class Shared<T extends AsyncDisposable> {
  readonly #entries = new Map<string, Entry<T>>();
  /** What is being closed: the next of its key waits for it. */
  readonly #closing = new Map<string, Promise<void>>();

  /**
   * Takes a share.
   *
   * @param open makes it, for the first who takes one
   * @throws what `open` throws; whoever comes next tries again
   */
  async use(key: string, open: () => Promise<T> | T): Promise<Lease<T>> {
    const entry = this.#entries.get(key) ?? this.#open(key, open);
    entry.leases++;
    try {
      const value = await entry.value;
      let isHeld = true;
      const letGo = async () => {
        if (!isHeld) return;
        isHeld = false;
        await this.#leave(key, entry);
      };
      return { value, [Symbol.asyncDispose]: letGo };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  #open(key: string, open: () => Promise<T> | T): Entry<T> {
    const opening = async () => {
      await this.#closing.get(key);
      return await open();
    };
    const entry = { value: opening(), leases: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  async #leave(key: string, entry: Entry<T>): Promise<void> {
    if (--entry.leases > 0) return;
    this.#entries.delete(key);
    const closed = entry.value.then((value) => value[Symbol.asyncDispose]());
    this.#closing.set(key, closed.catch(() => {/* whoever let go is told */}).finally(() => this.#closing.delete(key)));
    await closed;
  }
}
