/** Opens a stream store, with its HTTP face. */

import type { Handler } from "../http/handler.ts";
import { type Log, silent } from "../log.ts";
import { DiskStorage } from "./disk/disk_storage.ts";
import { KvKeeper } from "./disk/kv_keeper.ts";
import { loomHandler } from "./loom_handler.ts";
import { MemoryStorage } from "./store/memory_storage.ts";
import type { StoreLimits } from "./store/retention.ts";
import type { StreamStore } from "./stream_store.ts";
import { StreamTable } from "./store/stream_table.ts";
import type { SubscriptionKeeper } from "./subscriptions/keeper.ts";
import { MemoryKeeper } from "./subscriptions/memory_keeper.ts";

/** A stream store that answers requests. Disposing it closes it. */
export interface Loom extends StreamStore {
  /** Answers the Durable Streams protocol, the classic loom API, and `/spy`. */
  readonly fetch: Handler;
}

/** Options of {@linkcode openMemoryLoom}. */
export interface MemoryLoomOptions {
  /** How long and how much is kept. Default: everything until it is closed. */
  readonly limits?: StoreLimits;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Ends live reads over HTTP, so that a server can stop; the store itself goes on until it is closed. */
  readonly signal?: AbortSignal;
  /** Told of what goes wrong without anybody asking. */
  readonly log?: Log;
  /** How long a long-poll waits for more, milliseconds. Default 20,000. */
  readonly longPollMs?: number;
  /** URL under which webhooks reach the server. Default: that of the request by which they subscribed. */
  readonly baseUrl?: string;
  /** Allows webhooks on this machine, over http. Default: true; not for a server that strangers reach. */
  readonly localWebhooks?: boolean;
}

/** Options of {@linkcode openLoom}. */
export interface LoomOptions extends MemoryLoomOptions {
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
}

/**
 * Opens the store in a directory, which keeps streams over restarts. It needs `--unstable-kv`.
 *
 * @example Keep and read a stream
 * ```ts
 * import { openLoom } from "@sluice/sluice";
 *
 * const dir = await Deno.makeTempDir();
 * await using loom = await openLoom({ dir });
 * await loom.create("greetings", { contentType: "text/plain" });
 * await loom.append("greetings", new TextEncoder().encode("hello\n"));
 * const { bytes } = await loom.read("greetings", 0, 1024);
 * console.log(new TextDecoder().decode(bytes)); // hello
 * ```
 *
 * @throws {Deno.errors.Busy} when another process has it
 * @throws {TypeError} without `--unstable-kv`
 * @throws {StreamError} `corrupt` when what was acknowledged can't be read
 */
export async function openLoom(options: LoomOptions): Promise<Loom> {
  const { dir, sync = "group", log = silent } = options;
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  const lock = await Deno.open(`${dir}/lock`, { create: true, write: true, mode: 0o600 });
  let kv = options.kv;
  try {
    if (!await lock.tryLock(true)) throw new Deno.errors.Busy(`${dir} is in use by another process`);
    kv ??= await openKv(`${dir}/streams.kv`);
    const storage = new DiskStorage({ dir, kv, sync: sync !== "none", log, onClosed: () => lock.close() });
    const table = new StreamTable(storage, { ...options, together: sync !== "always" });
    return await finish(table, new KvKeeper(kv), options);
  } catch (error) {
    if (kv !== options.kv) kv?.close();
    lock.close();
    throw error;
  }
}

/**
 * Opens a store that keeps streams in memory: they are gone when it is closed.
 *
 * @example Serve streams
 * ```ts
 * import { openMemoryLoom, serveHttp } from "@sluice/sluice";
 *
 * await using loom = await openMemoryLoom();
 * await using server = await serveHttp(loom.fetch);
 * const url = `http://127.0.0.1:${server.port}/v1/stream/greetings`;
 * await fetch(url, { method: "PUT", headers: { "content-type": "text/plain" }, body: "hello" });
 * console.log(await (await fetch(url)).text()); // hello
 * ```
 */
export async function openMemoryLoom(options: MemoryLoomOptions = {}): Promise<Loom> {
  return await finish(new StreamTable(new MemoryStorage(), options), new MemoryKeeper(), options);
}

/** Reads what the table's storage has, and gives the table its handler. */
async function finish(table: StreamTable, keeper: SubscriptionKeeper, options: MemoryLoomOptions): Promise<Loom> {
  await table.load();
  const closing = new AbortController();
  const signal = options.signal ? AbortSignal.any([closing.signal, options.signal]) : closing.signal;
  const { clock, log = silent, longPollMs, baseUrl, localWebhooks } = options;
  const fetch = await loomHandler(table, { keeper, signal, clock, log, longPollMs, baseUrl, localWebhooks });
  table.beforeClose = async () => {
    closing.abort();
    await fetch[Symbol.asyncDispose]();
  };
  return Object.assign(table, { fetch });
}

async function openKv(path: string): Promise<Deno.Kv> {
  if (Deno.openKv) {
    (await Deno.open(path, { create: true, write: true, mode: 0o600 })).close(); // the database keeps the rights
    return await Deno.openKv(path);
  }
  throw new TypeError(`Streams need Deno.Kv: run with --unstable-kv, or put "unstable": ["kv"] into deno.json`);
}
