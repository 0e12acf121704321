/** Where subscriptions are kept, so that they, their offsets and their generations outlive the server. */

/** Keeps documents of JSON values. A key has at most 1,300 bytes of UTF-8, a document at most 16 KiB. */
export interface SubscriptionKeeper {
  /** All documents that are kept, in any order. */
  load(): AsyncIterable<[id: string, document: unknown]>;

  /**
   * Keeps a document under its key, in place of what was there; undefined lets go of it. When it resolves, the change
   * outlives a crash. Never called again for a key before the last call for it has settled.
   */
  save(id: string, document: unknown | undefined): Promise<void>;

  /**
   * Bytes that nobody else must know, at most 1 KiB.
   *
   * @param name what they are for
   * @param make makes them the first time
   */
  secret(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array>;
}
