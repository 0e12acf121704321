/**
 * Streams on disk. A commit is one record in the journal and one sync, however many streams it changes; what is large goes
 * to the stream's blocks at once. From time to time a checkpoint moves what the journal holds to where it belongs: whole
 * blocks to the stream's files, documents and the rest of the bytes to Deno.Kv.
 */

import { limits } from "../limits.ts";
import { concat } from "../bytes/source.ts";
import type { Log } from "../log.ts";
import { BlockCache } from "./block_cache.ts";
import { Checkpoint } from "./checkpoint.ts";
import { DiskStream } from "./disk_stream.ts";
import { Journal } from "./journal.ts";
import type { JournalEntry } from "./journal_record.ts";
import { recover } from "./recovery.ts";
import { Segments } from "./segments.ts";
import { applyChange, applyTouch, type Change, type Storage, type StoredStream } from "./storage.ts";
import { markAt } from "./time_marks.ts";

/** From so many bytes in one commit on, a stream's bytes go to its blocks without being in the journal before. */
const LARGE_BYTES = 256 * 1024;
/** A checkpoint is begun when the journal is so long. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024;
/** Nothing is committed any more while the journal is longer, until a checkpoint has succeeded. */
const JOURNAL_BYTES_MAX = 4 * CHECKPOINT_BYTES;

/** What a disk storage needs. */
export interface DiskOptions {
  readonly dir: string;
  readonly kv: Deno.Kv;
  /** Whether what is committed is synced to the disk. */
  readonly sync: boolean;
  readonly log: Log;
  /** Called when everything is closed. */
  readonly onClosed: () => void;
}

/** What a stream gets in one commit. */
interface Gain {
  readonly chunks: Uint8Array<ArrayBuffer>[];
  bytes: number;
  readonly timeMs: number;
}

/** A stream's large gain, in blocks but for the rest. */
interface Large {
  readonly flushed: number;
  readonly rest: Uint8Array<ArrayBuffer>;
  readonly timeMs: number;
  release(): void;
}

/** Keeps streams in a directory. */
export class DiskStorage implements Storage {
  readonly #options: DiskOptions;
  readonly #segments: Segments;
  readonly #cache: BlockCache;
  readonly #checkpoint: Checkpoint;
  readonly #streams = new Map<number, DiskStream>();
  #journal!: Journal;
  #commit = 0;
  #last = 0;
  #checkpointing: Promise<void> | undefined;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#segments = new Segments(options.dir, options.sync);
    this.#cache = new BlockCache(this.#segments);
    this.#checkpoint = new Checkpoint(options.kv, this.#segments);
  }

  async *load(): AsyncIterable<StoredStream> {
    const { dir, kv, sync, log } = this.#options;
    await this.#segments.prepare();
    const found = await recover(dir, kv, log, this.#checkpoint);
    for (const stream of found.streams.values()) this.#streams.set(stream.stored.number, stream);
    this.#last = found.next - 1;
    this.#commit = found.commit;
    this.#journal = await Journal.begin(dir, found.use + 1, sync);
    await this.#runCheckpoint(); // the files of the journal are free from here on
    const orphans = await this.#segments.removeOrphans((number) => this.#streams.has(number));
    if (orphans > 0) log("info", "files of removed streams were deleted", { files: orphans });
    const numbers = [...this.#streams.keys()].sort((a, b) => a - b);
    for (const number of numbers) yield this.#streams.get(number)!.stored;
  }

  nextNumber(): number {
    return ++this.#last;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#journal.bytes > JOURNAL_BYTES_MAX) await this.#runCheckpoint();
    const large = await this.#writeLarge(changes);
    try {
      const { entries, chunks } = describe(changes, large);
      await this.#journal.append(this.#commit + 1, entries, chunks);
      this.#commit++;
      for (const change of changes) this.#apply(change, large.has(change.stored));
      for (const [stored, { flushed, rest, timeMs }] of large) {
        this.#streams.get(stored.number)?.replaceTail(flushed, rest, timeMs);
      }
    } finally {
      for (const { release } of large.values()) release();
    }
    if (this.#journal.bytes > CHECKPOINT_BYTES && !this.#checkpointing) {
      this.#runCheckpoint().catch(() => {/* it is in the log, and is tried again */});
    }
  }

  read(stored: StoredStream, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> {
    const stream = this.#streams.get(stored.number)!;
    return from >= stream.tail.from ? stream.tail.view(from, to) : this.#readStored(stream, from, to);
  }

  async positionAt(stored: StoredStream, timeMs: number): Promise<number> {
    const { marks, flushed, owner } = this.#streams.get(stored.number)!;
    const mark = markAt(marks, timeMs);
    const first = Math.max(stored.document.start, owner.base);
    if (mark) return Math.max(first, mark[1]);
    return flushed > first ? await this.#segments.positionAt(owner, timeMs, first, flushed) : first;
  }

  touch(stored: StoredStream, timeMs: number): void {
    applyTouch(stored, timeMs);
    this.#checkpoint.add(this.#streams.get(stored.number)!);
  }

  async close(): Promise<void> {
    try {
      await this.#checkpointing?.catch(() => {/* it is tried once more */});
      await this.#runCheckpoint();
    } finally {
      this.#journal.close();
      this.#options.kv.close();
      this.#options.onClosed();
    }
  }

  async #readStored(stream: DiskStream, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    if (from >= stream.flushed) {
      await this.#checkpoint.loadTail(stream);
      return await this.read(stream.stored, from, to);
    }
    const middle = Math.min(to, stream.flushed);
    const blocks = await this.#cache.read(stream.owner, from, middle);
    return middle === to ? blocks : concat([blocks, await this.read(stream.stored, middle, to)]);
  }

  /** Writes the blocks of streams that get much; others that write them wait until it is released. */
  async #writeLarge(changes: readonly Change[]): Promise<Map<StoredStream, Large>> {
    const large = new Map<StoredStream, Large>();
    try {
      for (const [stored, gain] of gains(changes)) {
        if (gain.bytes >= LARGE_BYTES) large.set(stored, await this.#writeBlocks(stored, gain));
      }
    } catch (error) {
      for (const { release } of large.values()) release();
      throw error;
    }
    return large;
  }

  async #writeBlocks(stored: StoredStream, { chunks, timeMs }: Gain): Promise<Large> {
    const stream = this.#streams.get(stored.number) ?? DiskStream.begin(stored);
    const release = await stream.acquire();
    try {
      await this.#checkpoint.loadTail(stream);
      const { flushed, tail, owner } = stream;
      const bytes = concat([tail.view(flushed, tail.to), ...chunks]);
      const blocks = { from: flushed, bytes, timeOf: stream.timesWith(tail.to, timeMs) };
      const end = await this.#segments.write(owner, blocks);
      return { flushed: end, rest: bytes.subarray(end - flushed), timeMs, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #apply(change: Change, isLarge: boolean): void {
    const { stored, created, removed, bytes, producer, set } = change;
    if (removed) return this.#remove(stored);
    if (created) this.#streams.set(stored.number, DiskStream.begin(stored));
    const stream = this.#streams.get(stored.number)!;
    const forgotten = applyChange(change, limits.streamProducers);
    if (producer) stream.producers.add(producer[0]);
    if (forgotten !== undefined) stream.producers.add(forgotten);
    if (bytes && bytes.byteLength > 0 && !isLarge) stream.append(bytes, stored.document.appendedAt);
    stream.commit = this.#commit;
    this.#checkpoint.add(stream);
    if (set?.start !== undefined) this.#dropFiles(stream, set.start);
  }

  #remove(stored: StoredStream): void {
    const stream = this.#streams.get(stored.number)!;
    this.#streams.delete(stored.number);
    this.#checkpoint.remove(stream);
    this.#dropFiles(stream);
  }

  async #dropFiles(stream: DiskStream, before?: number): Promise<void> {
    try {
      await stream.alone(() => this.#segments.remove(stream.owner, stream.flushed, before));
    } catch (error) {
      this.#options.log("warn", "files of a stream could not be deleted", {
        stream: stream.stored.document.id,
        error: String(error),
      });
    }
  }

  #runCheckpoint(): Promise<void> {
    return this.#checkpointing ??= this.#checkpointNow().finally(() => this.#checkpointing = undefined);
  }

  /** @throws {StreamError} `full`, `storage`; what it could not store stays in the journal */
  async #checkpointNow(): Promise<void> {
    try {
      const old = this.#journal;
      const rotate = old.bytes > 0 && this.#checkpoint.use === old.use;
      if (rotate) await old.seal();
      if (rotate) this.#journal = await Journal.begin(this.#options.dir, old.use + 1, this.#options.sync);
      const { use } = this.#journal;
      if (rotate) old.close();
      await this.#checkpoint.run({ use, next: this.#last + 1, commit: this.#commit });
    } catch (error) {
      this.#options.log("error", "the journal could not be worked off; it is tried again", { error: String(error) });
      throw error;
    }
  }
}

/** What each stream gets, of those that get something. */
function gains(changes: readonly Change[]): Map<StoredStream, Gain> {
  const all = new Map<StoredStream, Gain>();
  for (const { stored, bytes, set } of changes) {
    if (!bytes || bytes.byteLength === 0) continue;
    const gain = all.get(stored) ?? { chunks: [], bytes: 0, timeMs: set?.appendedAt ?? stored.document.createdAt };
    gain.chunks.push(bytes as Uint8Array<ArrayBuffer>);
    gain.bytes += bytes.byteLength;
    all.set(stored, gain);
  }
  return all;
}

/** Changes as the journal has them. Of a large gain it has the rest, with the last change of its stream. */
function describe(changes: readonly Change[], large: ReadonlyMap<StoredStream, Large>) {
  const last = new Map(changes.map((change) => [change.stored, change]));
  const chunks: Uint8Array[] = [];
  const entries = changes.map((change): JournalEntry => {
    const { stored, created, removed, set, producer } = change;
    const gain = large.get(stored);
    const bytes = !gain ? change.bytes : last.get(stored) === change ? gain.rest : undefined;
    if (bytes) chunks.push(bytes);
    return {
      n: stored.number,
      created: created ? stored.document : undefined,
      removed: removed ? true : undefined,
      set,
      producer,
      bytes: bytes?.byteLength || undefined,
      flushed: gain && bytes ? gain.flushed : undefined,
    };
  });
  return { entries, chunks };
}
