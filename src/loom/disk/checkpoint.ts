/** Checkpoints: what the journal holds is moved to blocks and to Deno.Kv, so that the journal can begin anew. */

import { Gather } from "../../bytes/gather.ts";
import { serialize } from "node:v8";
import { PAYLOAD_BYTES } from "./block.ts";
import type { DiskStream } from "./disk_stream.ts";
import { decodeTail, encodeTail } from "./kept_tail.ts";
import { ABOUT, type About, PRODUCERS, STREAMS, type StreamValue, TAILS } from "./keys.ts";
import { KvBatch, type KvChange } from "./kv_batch.ts";
import type { Segments } from "./segments.ts";
import type { ProducerState } from "../store/storage.ts";
import { storageError } from "./storage_error.ts";
import { StreamError } from "../stream_error.ts";
import { TailBuffer } from "./tail_buffer.ts";
import type { TimeMark } from "./time_marks.ts";

/** Format of everything that is stored. */
export const FORMAT = 1;

/** What a producer's state takes in Deno.Kv. */
const PRODUCER_BYTES = 64;
/** Of streams that wait for nothing, so many bytes stay in memory. */
const RESIDENT_BYTES = 32 * 1024 * 1024;

/** What a checkpoint takes of one stream. */
interface Part {
  readonly stream: DiskStream;
  readonly value: StreamValue;
  /** Undefined when Deno.Kv has it. */
  readonly tail: Uint8Array<ArrayBuffer> | undefined;
  /** States that Deno.Kv does not have yet; undefined for a producer that is forgotten. */
  readonly producers: readonly (readonly [id: string, state: ProducerState | undefined])[];
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
  /** Bytes that were loaded since it was last looked what can go. */
  #loaded = 0;

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
      const bytes = decodeTail(value ?? new Uint8Array(0));
      if (bytes?.byteLength !== stream.tail.from - flushed) {
        throw new StreamError(
          "corrupt",
          `Bytes of the stream from ${flushed} on are not what was written to streams.kv`,
        );
      }
      const whole = new TailBuffer(flushed, bytes);
      whole.append(stream.tail.view(stream.tail.from, stream.tail.to));
      stream.tail = whole;
      this.#useNow(stream);
      this.#loaded += whole.capacity;
    }
    if (this.#loaded < RESIDENT_BYTES) return;
    this.#loaded = 0;
    this.#evict();
  }

  async #storeAll(streams: Iterable<DiskStream>): Promise<void> {
    const batch = new KvBatch(this.#kv);
    for (const stream of streams) {
      const part = await stream.alone(() => this.#prepare(stream));
      const { value, tail, producers } = part;
      const { number } = stream.stored;
      // Producers come first: of a stream that Deno.Kv has, the journal is not asked for those any more.
      for (const [id, state] of producers) {
        await batch.add({ changes: [[[...PRODUCERS, number, id], state]], bytes: PRODUCER_BYTES });
      }
      const changes: KvChange[] = [[[...STREAMS, number], value]];
      if (tail) changes.push([[...TAILS, number], tail]);
      const bytes = serialize(value).byteLength + (tail?.byteLength ?? 0);
      await batch.add({ changes, bytes, onStored: () => this.#settle(part) });
    }
    await batch.flush();
  }

  /** Writes a stream's whole blocks; what it is then stays to be stored. */
  async #prepare(stream: DiskStream): Promise<Part> {
    const { document } = stream.stored;
    const { commit, kept, flushed: before, owner } = stream;
    const [snapshot, marks, to] = [{ ...document }, [...stream.marks], document.tail];
    const producers = [...stream.producers].map((id) => [id, stream.stored.producers.get(id)] as const);
    let flushed = before;
    let tail: Part["tail"];
    if (to > kept) {
      await this.loadTail(stream);
      const bytes = stream.tail.view(before, to);
      if (bytes.byteLength >= PAYLOAD_BYTES) {
        const blocks = { from: before, bytes: new Gather([bytes]), timeOf: stream.timesWith(Infinity, 0) };
        flushed = await this.#segments.write(owner, blocks);
      }
      stream.written = flushed;
      tail = encodeTail(bytes.subarray(flushed - before));
    }
    const value = { document: snapshot, flushed, commit, marks: marks.filter((_, i) => keepMark(marks, i, flushed)) };
    return { stream, value, tail, producers };
  }

  /** A part is in Deno.Kv. The stream may have changed meanwhile. */
  async #settle({ stream, value, tail, producers }: Part): Promise<void> {
    for (const [id, state] of producers) if (stream.stored.producers.get(id) === state) stream.producers.delete(id);
    if (stream.gone) await this.#segments.remove(stream.owner, value.flushed);
    else if (tail && stream.flushed <= value.flushed) stream.settle(value.flushed, value.document.tail);
  }

  async #forget({ stored: { number } }: DiskStream): Promise<void> {
    const batch = new KvBatch(this.#kv);
    for await (const { key } of this.#kv.list({ prefix: [...PRODUCERS, number] })) {
      await batch.add({ changes: [[key, undefined]], bytes: 0 });
    }
    await batch.add({ changes: [[[...STREAMS, number], undefined], [[...TAILS, number], undefined]], bytes: 0 });
    await batch.flush();
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
