/**
 * The journal: what was committed since the last checkpoint. Two files take turns, and are used again and again, so that
 * in the long run a sync has no new length of a file to store.
 */

import { crc32 } from "node:zlib";
import { type EncodedRecord, encodeRecord, type JournalEntry, RECORD_HEAD_BYTES } from "./journal_record.ts";
import { storageError } from "./storage_error.ts";

/** A file is made longer by so much at a time, ahead of what is written to it. */
const AHEAD_BYTES = 1024 * 1024;
/** What is written at once without leaving the thread that serves requests. */
const SHORT_BYTES = 256 * 1024;
const MAGIC = new TextEncoder().encode("sluice journal 1");

/** A file's first bytes: magic, then the number of its use. */
export const JOURNAL_HEAD_BYTES = 32;

/** Writes the head of a journal file. */
function encodeHead(use: number): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(JOURNAL_HEAD_BYTES);
  head.set(MAGIC);
  new DataView(head.buffer).setFloat64(16, use, true);
  return head;
}

/** Which use of a journal file its content is of; undefined when it is none. */
export function decodeUse(bytes: Uint8Array<ArrayBuffer>): number | undefined {
  if (bytes.byteLength < JOURNAL_HEAD_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(16, true);
}

/** The checksum that the first record of a use begins with. */
export function firstCrc(use: number): number {
  return crc32(encodeHead(use));
}

/** The two files. */
export function journalPaths(dir: string): [string, string] {
  return [`${dir}/journal-0`, `${dir}/journal-1`];
}

/** One use of a journal file, to write to. */
export class Journal {
  readonly use: number;
  readonly #file: Deno.FsFile;
  readonly #sync: boolean;
  #at = 0;
  #allocated: number;
  #crc: number;
  /** A record that failed may lie behind what was stored. */
  #torn = false;

  private constructor(file: Deno.FsFile, use: number, length: number, sync: boolean) {
    this.#file = file;
    this.use = use;
    this.#allocated = length;
    this.#sync = sync;
    this.#crc = firstCrc(use);
  }

  /** Begins a use. What the file held is lost with the first commit. */
  static async begin(dir: string, use: number, sync: boolean): Promise<Journal> {
    const file = await Deno.open(journalPaths(dir)[use % 2], { create: true, read: true, write: true });
    return new Journal(file, use, (await file.stat()).size, sync);
  }

  /** How much has been written. */
  get bytes(): number {
    return this.#at;
  }

  /**
   * Stores a record.
   *
   * @throws {StreamError} `full`, `storage`; then it is as if the record had never been, unless the process ends before
   *   the disk works again: nobody was told that it is stored, and nobody that it never will be
   */
  async append(commit: number, entries: readonly JournalEntry[], chunks: readonly Uint8Array[]): Promise<void> {
    const record = encodeRecord(commit, entries, chunks, this.#crc);
    try {
      await this.#write(record);
      this.#torn = false;
    } catch (cause) {
      this.#torn = true;
      await this.seal().catch(() => {/* the next record takes its place, or the file is not let go */});
      throw storageError("The journal could not be written", cause);
    }
    this.#crc = record.crc;
  }

  /** Makes sure that nothing lies behind what was stored; to be called before another file is begun. */
  async seal(): Promise<void> {
    if (!this.#torn) return;
    await this.#put(new Uint8Array(RECORD_HEAD_BYTES), Math.max(this.#at, JOURNAL_HEAD_BYTES));
    if (this.#sync) await this.#file.syncData();
    this.#torn = false;
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  async #write({ bytes }: EncodedRecord): Promise<void> {
    const first = this.#at === 0;
    const at = first ? JOURNAL_HEAD_BYTES : this.#at;
    await this.#makeRoom(at + bytes.byteLength);
    if (first) await this.#put(encodeHead(this.use), 0);
    await this.#put(bytes, at);
    if (this.#sync) await this.#file.syncData();
    this.#at = at + bytes.byteLength - RECORD_HEAD_BYTES; // the next lies where the zero is
  }

  /** Makes the file longer ahead of time; when the disk is full the record may still fit. */
  async #makeRoom(bytes: number): Promise<void> {
    if (bytes <= this.#allocated) return;
    const more = new Uint8Array(bytes + AHEAD_BYTES - this.#allocated);
    try {
      await this.#put(more, this.#allocated);
      this.#allocated += more.byteLength;
    } catch {
      // The record itself says whether it is so.
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
