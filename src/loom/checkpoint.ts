/** Checkpoints: what the journal holds is moved to blocks and to Deno.Kv, so that the journal can begin anew. */

import { PAYLOAD_BYTES } from "./block.ts";
import type { DiskStream } from "./disk_stream.ts";
import { ABOUT, type About, PRODUCERS, STREAMS, type StreamValue, TAILS } from "./keys.ts";
import type { Segments } from "./segments.ts";
import { storageError } from "./storage_error.ts";
import { TailBuffer } from "./tail_buffer.ts";
import type { TimeMark } from "./time_marks.ts";

/** Format of everything that is stored. */
export const FORMAT = 1;

/** Deno.Kv takes 800 KiB and 1000 changes in one commit. */
const BATCH_BYTES = 400 * 1024;
const BATCH_CHANGES = 500;
/** Of streams that wait for nothing, so many bytes stay in memory. */
const RESIDENT_BYTES = 32 * 1024 * 1024;

/** What one stream adds to a batch. */
interface Part {
  readonly stream: DiskStream;
  readonly value: StreamValue;
  readonly tail: Uint8Array<ArrayBuffer> | undefined;
  readonly producers: readonly string[];
  readonly bytes: number;
}

/** Moves streams out of the journal. */
export class Checkpoint {
  /** The oldest use of the journal that is still needed. */
  use = -1;
  readonly #kv: Deno.Kv;
  readonly #segments: Segments;
  /** Streams that the journal knows more of than Deno.Kv. */
  #changed = new Set<DiskStream>();
  #removed = new Set<DiskStream>();
  /** Streams with bytes in memory, the one that was changed or loaded last at the end. */
  readonly #resident = new Set<DiskStream>();

  constructor(kv: Deno.Kv, segments: Segments) {
    this.#kv = kv;
    this.#segments = segments;
  }

  /** A stream has changed. */
  add(stream: DiskStream): void {
    this.#changed.add(stream);
    this.#useNow(stream);
  }

  /** A stream is there no more. */
  remove(stream: DiskStream): void {
    this.#changed.delete(stream);
    this.#resident.delete(stream);
    this.#removed.add(stream);
    stream.gone = true;
  }

  /**
   * Moves everything that has changed.
   *
   * @param about where the store will stand; `use` is the journal's that is written to now
   * @throws {StreamError} `full`, `storage`; then the journal is needed as before
   */
  async run(about: Omit<About, "format">): Promise<void> {
    const [changed, removed] = [this.#changed, this.#removed];
    [this.#changed, this.#removed] = [new Set(), new Set()];
    try {
      await this.#storeAll(changed);
      for (const stream of removed) await this.#forget(stream);
      await this.#kv.set(ABOUT, { format: FORMAT, ...about } satisfies About);
      this.use = about.use;
    } catch (cause) {
      for (const stream of changed) if (!this.#removed.has(stream)) this.#changed.add(stream);
      for (const stream of removed) this.#removed.add(stream);
      throw storageError("A checkpoint failed", cause);
    }
    this.#evict();
  }

  /** Has all the bytes of a stream in memory that lie in no block. */
  async loadTail(stream: DiskStream): Promise<void> {
    while (stream.tail.from > stream.flushed) {
      const { flushed } = stream;
      const { value } = await this.#kv.get<Uint8Array>([...TAILS, stream.stored.number]);
      if (stream.flushed !== flushed || stream.tail.from === flushed) continue; // it has changed meanwhile
      const whole = new TailBuffer(flushed, (value ?? new Uint8Array(0)).subarray(0, stream.tail.from - flushed));
      if (whole.to !== stream.tail.from) throw new Error(`The end of stream ${stream.stored.number} is missing`);
      whole.append(stream.tail.view(stream.tail.from, stream.tail.to));
      stream.tail = whole;
      this.#useNow(stream);
    }
  }

  async #storeAll(streams: Iterable<DiskStream>): Promise<void> {
    let batch: Part[] = [];
    let [bytes, changes] = [0, 0];
    for (const stream of streams) {
      const part = await stream.alone(() => this.#prepare(stream));
      batch.push(part);
      bytes += part.bytes;
      changes += 2 + part.producers.length;
      if (bytes < BATCH_BYTES && changes < BATCH_CHANGES) continue;
      await this.#store(batch);
      batch = [];
      [bytes, changes] = [0, 0];
    }
    if (batch.length > 0) await this.#store(batch);
  }

  /** Writes a stream's whole blocks; what it is then stays to be stored. */
  async #prepare(stream: DiskStream): Promise<Part> {
    const { document } = stream.stored;
    const { commit, kept, flushed: before, owner } = stream;
    const [snapshot, marks, to] = [{ ...document }, [...stream.marks], document.tail];
    const producers = [...stream.producers];
    stream.producers.clear();
    let flushed = before;
    let tail: Part["tail"];
    if (to > kept) {
      await this.loadTail(stream);
      const bytes = stream.tail.view(before, to);
      if (bytes.byteLength >= PAYLOAD_BYTES) {
        flushed = await this.#segments.write(owner, { from: before, bytes, timeOf: stream.timesWith(Infinity, 0) });
      }
      tail = bytes.slice(flushed - before);
    }
    const value = { document: snapshot, flushed, commit, marks: marks.filter((_, i) => keepMark(marks, i, flushed)) };
    return { stream, value, tail, producers, bytes: 1024 + (tail?.byteLength ?? 0) + 128 * producers.length };
  }

  async #store(parts: readonly Part[]): Promise<void> {
    try {
      await this.#commit(parts);
    } catch (error) {
      for (const { stream, producers } of parts) producers.forEach((id) => stream.producers.add(id));
      throw error;
    }
    for (const { stream, value, tail } of parts) {
      if (stream.gone) await this.#segments.remove(stream.owner, value.flushed);
      else if (tail && stream.flushed <= value.flushed) stream.settle(value.flushed, value.document.tail);
    }
  }

  async #commit(parts: readonly Part[]): Promise<void> {
    const batch = this.#kv.atomic();
    for (const { stream: { stored: { number, producers } }, value, tail, producers: ids } of parts) {
      batch.set([...STREAMS, number], value);
      if (tail) batch.set([...TAILS, number], tail);
      for (const id of ids) {
        const state = producers.get(id);
        if (state) batch.set([...PRODUCERS, number, id], state);
        else batch.delete([...PRODUCERS, number, id]);
      }
    }
    await batch.commit();
  }

  async #forget({ stored: { number } }: DiskStream): Promise<void> {
    const producers = await Array.fromAsync(this.#kv.list({ prefix: [...PRODUCERS, number] }), ({ key }) => key);
    while (producers.length > 0) {
      const batch = this.#kv.atomic();
      for (const key of producers.splice(0, BATCH_CHANGES)) batch.delete(key);
      await batch.commit();
    }
    await this.#kv.atomic().delete([...STREAMS, number]).delete([...TAILS, number]).commit();
  }

  #useNow(stream: DiskStream): void {
    this.#resident.delete(stream);
    this.#resident.add(stream);
  }

  /** Lets go bytes in memory that are in Deno.Kv too. */
  #evict(): void {
    let bytes = 0;
    for (const stream of this.#resident) bytes += stream.tail.capacity;
    for (const stream of this.#resident) {
      if (bytes <= RESIDENT_BYTES) return;
      const { tail } = stream.stored.document;
      if (this.#changed.has(stream) || stream.busy || stream.kept !== tail) continue;
      bytes -= stream.tail.capacity;
      stream.tail = new TailBuffer(tail);
      this.#resident.delete(stream);
    }
  }
}

/** Whether a mark still tells something, when everything before a position lies in blocks. */
function keepMark(marks: readonly TimeMark[], i: number, flushed: number): boolean {
  return i === marks.length - 1 || marks[i + 1][1] > flushed;
}
