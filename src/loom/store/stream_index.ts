/** Streams by id, in order. */

import type { Stream } from "./stream.ts";

/** Ids of streams that are gone, which the order may hold besides as many as there are streams. */
const FORGOTTEN_MAX = 10_000;

/** An index of streams; iterates in the order of ids. */
export class StreamIndex {
  readonly #byId = new Map<string, Stream>();
  /** Sorted. Ids that were added since the last look at the order wait in `#added`. */
  #ids: string[] = [];
  #added: string[] = [];

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Stream | undefined {
    return this.#byId.get(id);
  }

  /** Puts a stream in, in place of what has its id. */
  set(stream: Stream): void {
    const { id } = stream.document;
    if (!this.#byId.has(id)) this.#added.push(id);
    this.#byId.set(id, stream);
  }

  /** Takes a stream out, unless another one has its id by now. */
  delete(stream: Stream): void {
    const { id } = stream.document;
    if (this.#byId.get(id) !== stream) return;
    this.#byId.delete(id);
    // The order forgets it when it is next looked at, or when it has much to forget.
    if (this.#ids.length + this.#added.length > 2 * this.#byId.size + FORGOTTEN_MAX) this.#sort();
  }

  /** All streams, in no order. */
  all(): IterableIterator<Stream> {
    return this.#byId.values();
  }

  /** Streams whose ids begin with a prefix and come behind another id, in order. */
  *from(prefix: string, after: string): Generator<Stream> {
    this.#sort();
    const ids = this.#ids;
    for (let i = after < prefix ? lowerBound(ids, prefix) : lowerBound(ids, after + "\0"); i < ids.length; i++) {
      if (!ids[i].startsWith(prefix)) return;
      const stream = this.#byId.get(ids[i]);
      if (stream) yield stream;
    }
  }

  #sort(): void {
    const gone = this.#ids.length + this.#added.length - this.#byId.size;
    if (this.#added.length === 0 && gone === 0) return;
    const kept = gone === 0 ? this.#ids : this.#ids.filter((id) => this.#byId.has(id));
    const added = new Set(this.#added.filter((id) => this.#byId.has(id)));
    if (added.size < 64) {
      for (const id of added) {
        const at = lowerBound(kept, id);
        if (kept[at] !== id) kept.splice(at, 0, id);
      }
      this.#ids = kept;
    } else this.#ids = [...new Set([...kept, ...added])].sort();
    this.#added = [];
  }
}

/** The first place whose id is not before the given one. */
function lowerBound(ids: readonly string[], id: string): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ids[middle] < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
