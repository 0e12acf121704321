/** Any number of changes to Deno.Kv, in as few commits as its bounds allow: each commit costs a sync. */

/** Deno.Kv takes 1000 changes, 80 KiB of keys and 800 KiB of everything in one commit. */
const CHANGES = 500;
const KEY_BYTES = 64 * 1024;
const BYTES = 512 * 1024;
/** What a key takes besides the words that come from outside. */
const PLAIN_KEY_BYTES = 48;

const encoder = new TextEncoder();

/** A key with its new value; undefined deletes it. */
export type KvChange = readonly [key: Deno.KvKey, value: unknown];

/** Changes that are made together or not at all; a batch makes them in their order. */
export interface KvUnit {
  readonly changes: readonly KvChange[];
  /** What the values take at the most; a unit has at most 256 KiB. */
  readonly bytes: number;
  /** Called when they are made. */
  readonly onStored?: () => void | Promise<void>;
}

/** Collects units. */
export class KvBatch {
  readonly #kv: Deno.Kv;
  #units: KvUnit[] = [];
  #changes = 0;
  #keyBytes = 0;
  #bytes = 0;

  constructor(kv: Deno.Kv) {
    this.#kv = kv;
  }

  /** Adds a unit; makes those before it when there is no room. */
  async add(unit: KvUnit): Promise<void> {
    const keyBytes = unit.changes.reduce((sum, [key]) => sum + keySize(key), 0);
    const bytes = keyBytes + unit.bytes;
    const fits = this.#changes + unit.changes.length <= CHANGES && this.#keyBytes + keyBytes <= KEY_BYTES &&
      this.#bytes + bytes <= BYTES;
    if (!fits) await this.flush();
    this.#units.push(unit);
    this.#changes += unit.changes.length;
    this.#keyBytes += keyBytes;
    this.#bytes += bytes;
  }

  /** Makes what is left. */
  async flush(): Promise<void> {
    const units = this.#units;
    [this.#units, this.#changes, this.#keyBytes, this.#bytes] = [[], 0, 0, 0];
    if (units.length === 0) return;
    const atomic = this.#kv.atomic();
    for (const { changes } of units) {
      for (const [key, value] of changes) value === undefined ? atomic.delete(key) : atomic.set(key, value);
    }
    await atomic.commit();
    for (const { onStored } of units) await onStored?.();
  }
}

/** What a key takes at the most: a zero in a text is written as two bytes. */
function keySize(key: Deno.KvKey): number {
  const words = key.slice(2).filter((part) => typeof part === "string");
  return words.reduce((sum, word) => sum + 2 * encoder.encode(word).byteLength, PLAIN_KEY_BYTES);
}
