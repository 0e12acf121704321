/**
 * Streams on disk. A commit is one record in the journal and one sync, however many streams it changes; what is large goes
 * to the stream's blocks at once. From time to time a checkpoint moves what the journal holds to where it belongs: whole
 * blocks to the stream's files, documents and the rest of the bytes to Deno.Kv.
 */

import { Gather } from "../../bytes/gather.ts";
import { concat } from "../../bytes/source.ts";
import type { Log } from "../../log.ts";
import { BlockCache } from "./block_cache.ts";
import { Checkpoint } from "./checkpoint.ts";
import { describe, type Gain, gains, type Large } from "./disk_changes.ts";
import { DiskStream } from "./disk_stream.ts";
import { Journal } from "./journal.ts";
import { type Found, recover } from "./recovery.ts";
import { notFound } from "../store/refusals.ts";
import { Segments } from "./segments.ts";
import { applyTouch, type Change, type Storage, type StoredStream } from "../store/storage.ts";
import { StreamError } from "../stream_error.ts";
import { positionIn } from "./time_marks.ts";

/** From so many bytes in one commit on, a stream's bytes go to its blocks without being in the journal before. */
const LARGE_BYTES = 256 * 1024;
/** A checkpoint is begun when the journal is so long. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024;
/** One that failed is tried again when the journal is so much longer. */
const RETRY_BYTES = 1024 * 1024;
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
  /** How long the journal is when the next checkpoint begins. */
  #checkpointAt = CHECKPOINT_BYTES;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#segments = new Segments(options.dir, options.sync);
    this.#cache = new BlockCache(this.#segments);
    this.#checkpoint = new Checkpoint(options.kv, this.#segments);
  }

  async *load(): AsyncIterable<StoredStream> {
    const { dir, kv, sync, log } = this.#options;
    await this.#segments.prepare();
    const found = await recover({ dir, kv, log, sync }, this.#checkpoint);
    for (const stream of found.streams.values()) this.#streams.set(stream.stored.number, stream);
    this.#last = found.next - 1;
    this.#commit = found.commit;
    await this.#openJournal(found);
    const orphans = await this.#segments.removeOrphans((number) => this.#streams.has(number));
    if (orphans > 0) log("info", "files of removed streams were deleted", { files: orphans });
    const numbers = [...this.#streams.keys()].sort((a, b) => a - b);
    for (const number of numbers) yield this.#streams.get(number)!.stored;
  }

  /**
   * Goes on with the journal that was found, works it off, and begins it anew. Where that can't be, as on a full disk, it
   * stays as it is: what is there can be read, and room be made. Deno.Kv is never told of another use than the one that is
   * written to: what it stores may count although it has failed.
   */
  async #openJournal({ use, end }: Found): Promise<void> {
    const { dir, sync, log } = this.#options;
    this.#journal = end ? await Journal.resume(dir, use, end, sync) : await Journal.begin(dir, use + 1, sync);
    try {
      await this.#workOff();
      if (end) await this.#runCheckpoint(); // its files are free from here on
    } catch (error) {
      log("warn", "streams are opened without a checkpoint", { dir, error: String(error) });
    }
  }

  nextNumber(): number {
    return ++this.#last;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    const urgent = changes.some(({ removed, set }) => removed || set?.start !== undefined);
    await this.#makeReady(urgent);
    const large = await this.#writeLarge(changes);
    try {
      await this.#record(changes, large, urgent);
      for (const change of changes) this.#apply(change, large.get(change.stored));
      for (const { stream, flushed, rest, timeMs } of large.values()) stream.replaceTail(flushed, rest, timeMs);
    } finally {
      for (const { release } of large.values()) release();
    }
  }

  read(stored: StoredStream, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> {
    const stream = this.#streams.get(stored.number);
    if (!stream) throw notFound(stored.document.id);
    return from >= stream.tail.from ? stream.tail.view(from, to) : this.#readStored(stream, from, to);
  }

  async positionAt(stored: StoredStream, timeMs: number): Promise<number> {
    const stream = this.#streams.get(stored.number);
    if (!stream) throw notFound(stored.document.id);
    const { marks, flushed, owner } = stream;
    const position = positionIn(marks, timeMs, stored.document.tail);
    const first = Math.max(stored.document.start, owner.base);
    if (position !== undefined) return Math.max(first, position);
    return flushed > first ? await this.#segments.positionAt(owner, timeMs, first, flushed) : first;
  }

  touch(stored: StoredStream, timeMs: number): void {
    const stream = this.#streams.get(stored.number);
    if (!stream) return;
    applyTouch(stored, timeMs);
    this.#checkpoint.add(stream);
  }

  async close(): Promise<void> {
    await this.#runCheckpoint().catch(() => {/* it is in the log, and what it could not store in the journal */});
    this.#journal.close();
    this.#options.kv.close();
    this.#options.onClosed();
  }

  async #readStored(stream: DiskStream, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    if (from >= stream.flushed) {
      await this.#checkpoint.loadTail(stream);
      return await this.read(stream.stored, from, to);
    }
    const middle = Math.min(to, stream.flushed);
    const blocks = await this.#readBlocks(stream, from, middle);
    return middle === to ? blocks : concat([blocks, await this.read(stream.stored, middle, to)]);
  }

  async #readBlocks(stream: DiskStream, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.#cache.read(stream.owner, from, to);
    } catch (error) {
      const { start } = stream.stored.document; // files that were let go meanwhile are no damage
      if (stream.gone) throw notFound(stream.stored.document.id);
      if (from >= start) throw error;
      throw new StreamError("trimmed", `The stream is kept from byte ${start} on, not from ${from}`, { start });
    }
  }

  /**
   * Brings the journal to where a record can be stored.
   *
   * @param urgent it is to make room, so that a checkpoint which finds none is no reason not to
   */
  async #makeReady(urgent: boolean): Promise<void> {
    await this.#journal.seal();
    if (this.#journal.bytes > this.#checkpointAt && !this.#checkpointing) await this.#beginCheckpoint();
    if (this.#journal.bytes <= JOURNAL_BYTES_MAX) return;
    try {
      await this.#runCheckpoint();
    } catch (error) {
      if (!urgent) throw error;
    }
  }

  /** Stores changes in the journal. */
  async #record(changes: readonly Change[], large: ReadonlyMap<StoredStream, Large>, urgent: boolean): Promise<void> {
    const { entries, chunks } = describe(changes, large);
    try {
      await this.#journal.append(this.#commit + 1, entries, chunks, urgent);
    } catch (error) {
      if (this.#journal.torn) throw error; // the record may still be found, and counts on its blocks
      for (const { stream, flushed } of large.values()) await this.#takeBack(stream, flushed);
      throw error;
    }
    this.#commit++;
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
    const from = stream.flushed;
    let end = from;
    try {
      await this.#checkpoint.loadTail(stream);
      const { tail, owner } = stream;
      const bytes = new Gather([tail.view(from, tail.to), ...chunks]);
      end += bytes.left;
      const flushed = await this.#segments.write(owner, { from, bytes, timeOf: stream.timesWith(tail.to, timeMs) });
      return { stream, flushed, rest: bytes.rest(), timeMs, release };
    } catch (error) {
      await this.#takeBack(stream, end);
      release();
      throw error;
    }
  }

  /** Gives the disk back what blocks took that count for nothing. */
  async #takeBack(stream: DiskStream, end: number): Promise<void> {
    try {
      await this.#segments.cut(stream.owner, Math.max(stream.flushed, stream.written), end);
    } catch (error) {
      this.#options.log("warn", "blocks that count for nothing could not be taken back", { error: String(error) });
    }
  }

  #apply(change: Change, large: Large | undefined): void {
    const { stored, created, removed, bytes, producer, set } = change;
    if (removed) return this.#remove(stored);
    if (created) this.#streams.set(stored.number, large?.stream ?? DiskStream.begin(stored));
    const stream = this.#streams.get(stored.number)!;
    stream.apply({ set, producer });
    if (bytes && bytes.byteLength > 0 && !large) stream.append(bytes, stored.document.appendedAt);
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

  /** Begins a checkpoint, which then runs beside the commits that follow. */
  async #beginCheckpoint(): Promise<void> {
    try {
      await this.#rotate();
    } catch (error) {
      return this.#tellFailed(error);
    }
    this.#workOff().catch((error) => this.#tellFailed(error));
  }

  /** Runs a checkpoint. @throws {StreamError} `full`, `storage`; what it could not store stays in the journal */
  async #runCheckpoint(): Promise<void> {
    await this.#checkpointing?.catch(() => {/* it is tried once more */});
    try {
      await this.#rotate();
      await this.#workOff();
    } catch (error) {
      this.#tellFailed(error);
      throw error;
    }
  }

  /**
   * Has the journal begin anew. Not while a commit is under way: it would end up in the old one, which is given away when
   * everything that was stored by now is worked off.
   */
  async #rotate(): Promise<void> {
    const old = this.#journal;
    await old.seal();
    if (old.bytes === 0 || this.#checkpoint.use !== old.use) return;
    this.#journal = await Journal.begin(this.#options.dir, old.use + 1, this.#options.sync);
    old.close();
  }

  async #workOff(): Promise<void> {
    const about = { use: this.#journal.use, next: this.#last + 1, commit: this.#commit };
    this.#checkpointing = this.#checkpoint.run(about).finally(() => this.#checkpointing = undefined);
    await this.#checkpointing;
    this.#checkpointAt = CHECKPOINT_BYTES;
  }

  #tellFailed(error: unknown): void {
    this.#checkpointAt = this.#journal.bytes + RETRY_BYTES;
    this.#options.log("error", "the journal could not be worked off; it is tried again", { error: String(error) });
  }
}
