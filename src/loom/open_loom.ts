/** Opens a stream store, with its HTTP face. */

import { type Log, silent } from "../log.ts";
import { DiskStorage } from "./disk_storage.ts";
import { MemoryStorage } from "./memory_storage.ts";
import type { StoreLimits } from "./retention.ts";
import { StreamTable, type TableOptions } from "./stream_table.ts";

/** Options of {@linkcode openLoom}. */
export interface LoomOptions {
  /** Where streams are kept; made when it is not there. One process at a time has it. */
  readonly dir: string;
  /** Holds what is known of streams. Default: a database of its own in the directory. It is closed with the store. */
  readonly kv?: Deno.Kv;
  /**
   * When an append is acknowledged: `always`, when it was synced to the disk by itself; `group`, when it was synced
   * together with others that came meanwhile; `none`, when the system has it, which survives the end of the process but
   * not that of the machine. Default `group`.
   */
  readonly sync?: "always" | "group" | "none";
  /** How long and how much is kept. Default: everything for ever. */
  readonly limits?: StoreLimits;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  readonly log?: Log;
}

/** Opens a store that keeps streams in memory. */
export async function openMemory(options: TableOptions = {}): Promise<StreamTable> {
  return await StreamTable.open(new MemoryStorage(), options);
}

/**
 * Opens the store in a directory.
 *
 * @throws {Deno.errors.Busy} when another process has it
 * @throws {StreamError} `corrupt` when what was acknowledged can't be read
 */
export async function openLoom(options: LoomOptions): Promise<StreamTable> {
  const { dir, sync = "group", log = silent } = options;
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  const lock = await Deno.open(`${dir}/lock`, { create: true, write: true, mode: 0o600 });
  try {
    if (!await lock.tryLock(true)) throw new Deno.errors.Busy(`${dir} is in use by another process`);
    const kv = options.kv ?? await openKv(`${dir}/streams.kv`);
    const storage = new DiskStorage({ dir, kv, sync: sync !== "none", log, onClosed: () => lock.close() });
    return await StreamTable.open(storage, {
      clock: options.clock,
      together: sync !== "always",
      limits: options.limits,
      log,
    });
  } catch (error) {
    lock.close();
    throw error;
  }
}

async function openKv(path: string): Promise<Deno.Kv> {
  if (Deno.openKv) return await Deno.openKv(path);
  throw new TypeError(`Streams need Deno.Kv: run with --unstable-kv, or put "unstable": ["kv"] into deno.json`);
}
