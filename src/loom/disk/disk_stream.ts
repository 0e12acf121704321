/** A stream on disk: which of its bytes lie where. */

import { limits } from "../../limits.ts";
import type { Owner } from "./segments.ts";
import { applyChange, type Change, type StoredStream } from "../store/storage.ts";
import { TailBuffer } from "./tail_buffer.ts";
import { addMark, dropMarksBefore, type TimeMark, timeOf } from "./time_marks.ts";

/**
 * From its base to `flushed` its bytes lie in blocks. The rest is in memory, or, as far as `kept` and as of the last
 * checkpoint, in Deno.Kv; what is not in Deno.Kv yet is in the journal too.
 */
export class DiskStream {
  readonly stored: StoredStream;
  readonly owner: Owner;
  flushed: number;
  /** Blocks up to here have been written by a checkpoint, which may still be about to count on them. */
  written: number;
  kept: number;
  /** The bytes in memory. */
  tail: TailBuffer;
  /** The last commit that changed it. */
  commit: number;
  readonly marks: TimeMark[];
  /** Producers whose states are not in Deno.Kv yet. */
  readonly producers = new Set<string>();
  /** It is there no more. */
  gone = false;
  /** While its blocks are being written. */
  busy: Promise<void> | undefined;

  constructor(stored: StoredStream, at: { flushed: number; commit: number; marks: readonly TimeMark[] }) {
    const { number, document } = stored;
    this.stored = stored;
    this.owner = { number, base: document.base };
    this.flushed = at.flushed;
    this.written = at.flushed;
    this.kept = document.tail;
    this.tail = new TailBuffer(document.tail);
    this.commit = at.commit;
    this.marks = [...at.marks];
  }

  /** A stream that has no bytes yet. */
  static begin(stored: StoredStream): DiskStream {
    const stream = new DiskStream(stored, { flushed: stored.document.base, commit: 0, marks: [] });
    stream.kept = stored.document.base;
    stream.tail = new TailBuffer(stored.document.base);
    return stream;
  }

  /** Applies what is in the journal of a change, but for its bytes. */
  apply(change: Pick<Change, "set" | "producer">): void {
    const forgotten = applyChange({ stored: this.stored, ...change }, limits.streamProducers);
    if (change.producer) this.producers.add(change.producer[0]);
    if (forgotten !== undefined) this.producers.add(forgotten);
  }

  /** Takes bytes that are in the journal. */
  append(bytes: Uint8Array, timeMs: number): void {
    addMark(this.marks, timeMs, this.tail.to);
    this.tail.append(bytes);
  }

  /** Everything before a position lies in blocks now, and these bytes come behind it. */
  replaceTail(flushed: number, rest: Uint8Array, timeMs: number): void {
    addMark(this.marks, timeMs, this.tail.to);
    this.flushed = flushed;
    this.kept = flushed;
    this.tail = new TailBuffer(flushed, rest);
    dropMarksBefore(this.marks, flushed);
  }

  /** When bytes came, at the latest; those from a position on come now. */
  timesWith(from: number, nowMs: number): (position: number) => number {
    const last = Math.max(nowMs, this.marks.at(-1)?.[0] ?? 0); // clocks may be set back
    return (position) => position >= from ? last : timeOf(this.marks, position);
  }

  /** A checkpoint has stored it up to a position. */
  settle(flushed: number, kept: number): void {
    this.flushed = flushed;
    this.kept = kept;
    this.tail.dropBefore(flushed);
    dropMarksBefore(this.marks, flushed);
  }

  /** Runs something alone among all that writes its blocks. */
  async alone<T>(run: () => Promise<T>): Promise<T> {
    const release = await this.acquire();
    try {
      return await run();
    } finally {
      release();
    }
  }

  /** Waits until nobody writes its blocks, and keeps others waiting until it is released. */
  async acquire(): Promise<() => void> {
    while (this.busy) await this.busy;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.busy = promise;
    return () => {
      this.busy = undefined;
      resolve();
    };
  }
}
