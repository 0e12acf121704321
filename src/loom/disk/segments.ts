/** The files that hold streams' blocks: a new one after each 64 MiB, so that what is old can be let go. */

import { BufferPool } from "../../bytes/buffer_pool.ts";
import type { Gather } from "../../bytes/gather.ts";
import { concat } from "../../bytes/source.ts";
import { BLOCK_BYTES, decodeBlock, decodeBlockHead, HEAD_BYTES, PAYLOAD_BYTES, sealBlock } from "./block.ts";
import { storageError } from "./storage_error.ts";
import { syncFolder } from "./sync_folder.ts";
import { StreamError } from "../stream_error.ts";

const SEGMENT_BLOCKS = 2048;
const FOLDERS = 256;
/** Blocks written at once: a larger buffer brings nothing. */
const WRITE_BLOCKS = 64;

/** Whose blocks: the stream's number, and the position of its first own byte. */
export interface Owner {
  readonly number: number;
  readonly base: number;
}

/** Blocks to write. */
export interface NewBlocks {
  readonly from: number;
  /** As many whole payloads as there are are taken and written; the rest is left. */
  readonly bytes: Gather;
  /** When the byte at a position came, at the latest: what comes before it came no later. */
  timeOf(position: number): number;
}

/** Reads and writes blocks. Positions are those of streams. */
export class Segments {
  readonly #dir: string;
  readonly #sync: boolean;
  readonly #buffers = new BufferPool(WRITE_BLOCKS * BLOCK_BYTES, 2);

  constructor(dir: string, sync: boolean) {
    this.#dir = `${dir}/streams`;
    this.#sync = sync;
  }

  /** Makes the folder of all. */
  async prepare(): Promise<void> {
    await Deno.mkdir(this.#dir, { recursive: true, mode: 0o700 });
  }

  /**
   * Writes blocks and syncs them. What was written of them when it fails stays until it is cut.
   *
   * @returns the position behind the last block
   * @throws {StreamError} `full`, `storage`
   */
  async write(owner: Owner, blocks: NewBlocks): Promise<number> {
    const count = Math.floor(blocks.bytes.left / PAYLOAD_BYTES);
    try {
      for (let done = 0; done < count;) {
        const first = blockAt(owner, blocks.from) + done;
        const some = Math.min(count - done, endOfSegment(first) - first + 1);
        await this.#writeFile(owner, first, some, blocks);
        done += some;
      }
    } catch (cause) {
      throw storageError("A stream's blocks could not be written", cause);
    }
    return blocks.from + count * PAYLOAD_BYTES;
  }

  /**
   * Reads bytes that lie in blocks.
   *
   * @throws {StreamError} `corrupt` when they are not what was written, `storage`
   */
  async read(owner: Owner, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (let at = from; at < to;) {
      const first = blockAt(owner, at);
      const last = Math.min(blockAt(owner, to - 1), endOfSegment(first));
      const blocks = await this.#readBlocks(owner, first, last - first + 1);
      for (let block = first; block <= last; block++) {
        const start = positionOf(owner, block);
        const payload = this.#check(owner, blocks.subarray((block - first) * BLOCK_BYTES), start);
        const chunk = payload.subarray(Math.max(0, at - start), Math.min(PAYLOAD_BYTES, to - start));
        chunks.push(chunk);
        at += chunk.byteLength;
      }
    }
    return concat(chunks);
  }

  /** The start of the last block, of those before a position, whose first byte came before a time; else of the first. */
  async positionAt(owner: Owner, timeMs: number, from: number, to: number): Promise<number> {
    let [low, high] = [blockAt(owner, from), blockAt(owner, to - 1)];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const block = await this.#readBlocks(owner, middle, 1); // whole, for its checksum: bytes are let go by this time
      this.#check(owner, block, positionOf(owner, middle));
      if (decodeBlockHead(block).timeMs < timeMs) low = middle;
      else high = middle - 1;
    }
    return positionOf(owner, low);
  }

  /** Removes files that hold nothing behind a position; all of them without one. Those that are gone are no failure. */
  async remove(owner: Owner, flushed: number, before = Infinity): Promise<void> {
    if (flushed === owner.base) return;
    const last = segmentOf(blockAt(owner, flushed - 1));
    for (let segment = 0; segment <= last; segment++) {
      if (positionOf(owner, (segment + 1) * SEGMENT_BLOCKS) > before) return;
      await Deno.remove(this.#path(owner.number, segment)).catch(unlessMissing);
    }
  }

  /** Takes back blocks that were written between two positions, and count for nothing. */
  async cut(owner: Owner, from: number, to: number): Promise<void> {
    for (let block = blockAt(owner, from); positionOf(owner, block) < to; block = endOfSegment(block) + 1) {
      const path = this.#path(owner.number, segmentOf(block));
      const bytes = (block % SEGMENT_BLOCKS) * BLOCK_BYTES;
      await (bytes === 0 ? Deno.remove(path) : Deno.truncate(path, bytes)).catch(unlessMissing);
    }
  }

  /** Removes files of streams that are not there. */
  async removeOrphans(exists: (number: number) => boolean): Promise<number> {
    let removed = 0;
    for await (const { name: part, isDirectory } of Deno.readDir(this.#dir)) {
      if (!isDirectory) continue;
      const folder = `${this.#dir}/${part}`;
      for await (const { name } of Deno.readDir(folder)) {
        const number = Number(/^(\d+)-\d+$/.exec(name)?.[1] ?? NaN);
        if (Number.isNaN(number) || exists(number)) continue;
        await Deno.remove(`${folder}/${name}`);
        removed++;
      }
    }
    return removed;
  }

  /** Writes blocks to one file. While some are being written, the next are put together. */
  async #writeFile(owner: Owner, first: number, count: number, blocks: NewBlocks): Promise<void> {
    const folder = `${this.#dir}/${folderOf(owner.number)}`;
    using file = await openIn(folder, this.#path(owner.number, segmentOf(first)));
    await file.seek((first % SEGMENT_BLOCKS) * BLOCK_BYTES, Deno.SeekMode.Start);
    let writing: Promise<void> | undefined;
    for (let done = 0; done < count; done += WRITE_BLOCKS) {
      const bytes = Math.min(WRITE_BLOCKS, count - done) * BLOCK_BYTES;
      const buffer = bytes < WRITE_BLOCKS * BLOCK_BYTES ? new Uint8Array(bytes) : this.#buffers.take();
      encodeBlocks(buffer, owner, first + done, blocks);
      await writing;
      writing = writeAll(file, buffer).then(() => {
        if (bytes === WRITE_BLOCKS * BLOCK_BYTES) this.#buffers.give(buffer);
      });
    }
    await writing;
    if (!this.#sync) return;
    await file.syncData();
    if (first % SEGMENT_BLOCKS > 0) return;
    await syncFolder(folder); // or the name of a new file could be lost
    await syncFolder(this.#dir);
  }

  async #readBlocks(owner: Owner, first: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
    const buffer = new Uint8Array(count * BLOCK_BYTES);
    try {
      using file = await Deno.open(this.#path(owner.number, segmentOf(first)));
      await file.seek((first % SEGMENT_BLOCKS) * BLOCK_BYTES, Deno.SeekMode.Start);
      for (let at = 0; at < buffer.byteLength;) {
        const count = await file.read(buffer.subarray(at));
        if (count === null) throw new StreamError("corrupt", `The file of block ${first} of the stream is too short`);
        at += count;
      }
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) {
        throw new StreamError("corrupt", `The file of block ${first} of the stream is missing`, { cause });
      }
      throw storageError("A stream's blocks could not be read", cause);
    }
    return buffer;
  }

  #check(owner: Owner, bytes: Uint8Array<ArrayBuffer>, from: number): Uint8Array<ArrayBuffer> {
    const payload = decodeBlock(bytes.subarray(0, BLOCK_BYTES), owner.number, from);
    if (payload) return payload;
    const block = blockAt(owner, from);
    const place = `${this.#path(owner.number, segmentOf(block))} at byte ${(block % SEGMENT_BLOCKS) * BLOCK_BYTES}`;
    throw new StreamError("corrupt", `Bytes of the stream from ${from} on are not what was written (${place})`);
  }

  #path(number: number, segment: number): string {
    return `${this.#dir}/${folderOf(number)}/${number}-${segment}`;
  }
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** Puts blocks together in a buffer that they fill. */
function encodeBlocks(buffer: Uint8Array<ArrayBuffer>, owner: Owner, first: number, blocks: NewBlocks): void {
  for (let at = 0; at < buffer.byteLength; at += BLOCK_BYTES) {
    const from = positionOf(owner, first + at / BLOCK_BYTES);
    const target = buffer.subarray(at, at + BLOCK_BYTES);
    blocks.bytes.fill(target.subarray(HEAD_BYTES));
    sealBlock(target, { number: owner.number, from, timeMs: blocks.timeOf(from) });
  }
}

/** Opens a file to write to, and makes its folder if it is the first there. */
async function openIn(folder: string, path: string): Promise<Deno.FsFile> {
  const options = { create: true, write: true, mode: 0o600 };
  try {
    return await Deno.open(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  return await Deno.open(path, options);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  while (bytes.byteLength > 0) bytes = bytes.subarray(await file.write(bytes));
}

function folderOf(number: number): string {
  return (number % FOLDERS).toString(16).padStart(2, "0");
}

function blockAt(owner: Owner, position: number): number {
  return Math.floor((position - owner.base) / PAYLOAD_BYTES);
}

function positionOf(owner: Owner, block: number): number {
  return owner.base + block * PAYLOAD_BYTES;
}

function segmentOf(block: number): number {
  return Math.floor(block / SEGMENT_BLOCKS);
}

/** The last block of the file that a block lies in. */
function endOfSegment(block: number): number {
  return (segmentOf(block) + 1) * SEGMENT_BLOCKS - 1;
}
