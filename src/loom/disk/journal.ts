/**
 * The journal: what was committed since the last checkpoint. Two files take turns, and are used again and again, so that
 * in the long run a sync has no new length of a file to store.
 */

import {
  type Chain,
  type EncodedRecord,
  encodeRecord,
  type JournalEntry,
  RECORD_HEAD_BYTES,
} from "./journal_record.ts";
import { JOURNAL_HEAD_BYTES, makeJournalHead } from "./journal_head.ts";
import { storageError } from "./storage_error.ts";
import { syncFolder } from "./sync_folder.ts";

/** A file is made longer by so much at a time, ahead of what is written to it. */
const AHEAD_BYTES = 1024 * 1024;
/** What is left free for records that make room: when the disk is full, streams can still be deleted. */
const RESERVE_BYTES = 64 * 1024;
/** What is written at once without leaving the thread that serves requests. */
const SHORT_BYTES = 256 * 1024;

/** The two files. */
export function journalPaths(dir: string): [string, string] {
  return [`${dir}/journal-0`, `${dir}/journal-1`];
}

/** Where a use ends that was found. */
export interface JournalEnd {
  /** Byte behind its last commit. */
  readonly at: number;
  readonly chain: Chain;
  /** Something lies there that is no whole commit. */
  readonly isTorn: boolean;
}

/** One use of a journal file, to write to. */
export class Journal {
  readonly use: number;
  readonly #file: Deno.FsFile;
  readonly #sync: boolean;
  readonly #head: ReturnType<typeof makeJournalHead>;
  #at = 0;
  #allocated: number;
  #chain: Chain;
  /** A record that failed may lie behind what was stored. */
  #torn = false;

  private constructor(file: Deno.FsFile, use: number, length: number, sync: boolean) {
    this.#file = file;
    this.use = use;
    this.#allocated = length;
    this.#sync = sync;
    this.#head = makeJournalHead(use);
    this.#chain = { key: this.#head.key, crc: this.#head.key };
  }

  /**
   * Begins a use. What the file held is lost with the first commit.
   *
   * @throws {StreamError} `full`, `storage`
   */
  static async begin(dir: string, use: number, sync: boolean): Promise<Journal> {
    let file: Deno.FsFile | undefined;
    try {
      file = await Deno.open(journalPaths(dir)[use % 2], { create: true, read: true, write: true, mode: 0o600 });
      const journal = new Journal(file, use, (await file.stat()).size, sync);
      await journal.#makeRoom(JOURNAL_HEAD_BYTES + RESERVE_BYTES);
      if (sync) await syncFolder(dir); // or the file's name could be lost
      return journal;
    } catch (cause) {
      file?.close();
      throw storageError("The journal could not be begun", cause);
    }
  }

  /**
   * Goes on with a use that was found.
   *
   * @throws {StreamError} `full`, `storage`
   */
  static async resume(dir: string, use: number, { at, chain, isTorn }: JournalEnd, sync: boolean): Promise<Journal> {
    let file: Deno.FsFile | undefined;
    try {
      file = await Deno.open(journalPaths(dir)[use % 2], { read: true, write: true });
      if (isTorn) await file.truncate(at); // it is read again, and then may not be the last, of which alone it is forgiven
      if (sync || isTorn) await file.sync(); // what was found may not have been: who was not told of it asks again
      const journal = new Journal(file, use, (await file.stat()).size, sync);
      [journal.#at, journal.#chain] = [at, chain];
      return journal;
    } catch (cause) {
      file?.close();
      throw storageError("The journal could not be gone on with", cause);
    }
  }

  /** How much has been written. */
  get bytes(): number {
    return this.#at;
  }

  /** Whether a record that failed may still be found when the process ends now. */
  get torn(): boolean {
    return this.#torn;
  }

  /**
   * Stores a record.
   *
   * @param urgent it makes room: it may take what is left free for such
   * @throws {StreamError} `full`, `storage`; then it is as if the record had never been, unless the process ends before
   *   the disk works again: nobody was told that it is stored, and nobody that it never will be
   */
  async append(
    commit: number,
    entries: readonly JournalEntry[],
    chunks: readonly Uint8Array[],
    urgent = false,
  ): Promise<void> {
    const record = encodeRecord(commit, entries, chunks, this.#chain);
    try {
      await this.#write(record, urgent ? 0 : RESERVE_BYTES);
      this.#torn = false;
    } catch (cause) {
      this.#torn = true;
      await this.seal().catch(() => {/* it is tried again before anything else is stored */});
      throw storageError("The journal could not be written", cause);
    }
    this.#chain = record.chain;
  }

  /**
   * Makes sure that nothing lies behind what was stored. To be called before another file is begun, and before anything is
   * written elsewhere that a record which failed may speak of.
   *
   * @throws {StreamError} `full`, `storage`
   */
  async seal(): Promise<void> {
    if (!this.#torn) return;
    try {
      await this.#put(new Uint8Array(RECORD_HEAD_BYTES), Math.max(this.#at, JOURNAL_HEAD_BYTES));
      if (this.#sync) await this.#file.syncData();
    } catch (cause) {
      throw storageError("What failed before could not be taken out of the journal", cause);
    }
    this.#torn = false;
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  async #write({ bytes }: EncodedRecord, reserve: number): Promise<void> {
    const first = this.#at === 0;
    const at = first ? JOURNAL_HEAD_BYTES : this.#at;
    await this.#makeRoom(at + bytes.byteLength + reserve);
    if (first) await this.#put(this.#head.bytes, 0);
    await this.#put(bytes, at);
    if (this.#sync) await this.#file.syncData();
    this.#at = at + bytes.byteLength - RECORD_HEAD_BYTES; // the next lies where the zeros are
  }

  /** Makes the file longer, and ahead of time; that is no failure when the disk has room for what is needed. */
  async #makeRoom(bytes: number): Promise<void> {
    if (bytes <= this.#allocated) return;
    const more = new Uint8Array(bytes + AHEAD_BYTES - this.#allocated);
    try {
      await this.#put(more, this.#allocated);
      this.#allocated += more.byteLength;
    } catch (error) {
      this.#allocated = (await this.#file.stat()).size;
      if (bytes > this.#allocated) throw error;
    }
  }

  async #put(bytes: Uint8Array, at: number): Promise<void> {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    while (bytes.byteLength > 0) {
      const count = bytes.byteLength <= SHORT_BYTES ? this.#file.writeSync(bytes) : await this.#file.write(bytes);
      bytes = bytes.subarray(count);
    }
  }
}
