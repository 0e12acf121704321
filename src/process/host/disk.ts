/** The disk that streams are kept on: what it is, what is free, and how often a second it syncs. */

import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { bad, type Finding, type HostCheck, type HostPlace, ok, warn, wordsOf } from "./fact.ts";
import { hostLimits } from "./host_limits.ts";
import { mountOfFolder } from "./mounts.ts";

/** File systems that are memory. */
const MEMORY = new Set(["tmpfs", "ramfs"]);
/** Those over a network, whose locks and syncs are what a server far away says. */
const FAR = /^(nfs|cifs|smb|9p|fuse\.sshfs|ceph|glusterfs|afs)/;

const ANOTHER_FOLDER = "name a folder on a disk with --data";

/** The check. */
export const disk: readonly HostCheck[] = [{ name: "store", look: store }];

async function store({ store, signal }: HostPlace): Promise<Finding> {
  if (store === undefined) return warn("not known: HOME is not set", "name a folder with --data");
  try {
    const folder = await nearest(store);
    const [mount, space] = await Promise.all([mountOfFolder(folder), statfs(folder)]);
    const free = space.bavail * space.bsize;
    const rate = await syncRate(folder, signal);
    const place = folder === store ? store : `${store} (not made yet)`;
    return judge({ place, type: mount?.type ?? "", free, rate });
  } catch (error) {
    return bad(`${store}: ${wordsOf(error)}`, "name a folder that can be written to with --data");
  }
}

/** What was measured. */
export interface DiskFigures {
  readonly place: string;
  /** Of the file system; empty where it is not told. */
  readonly type: string;
  /** Bytes. */
  readonly free: number;
  /** Syncs a second. */
  readonly rate: number;
}

/** Says what they mean; of several things that are wrong, the worst. */
export function judge({ place, type, free, rate }: DiskFigures): Finding {
  const gigabytes = (free / 1e9).toFixed(1);
  const found = `${place}: ${type || "file system not known"}, ${gigabytes} GB free, ${
    Math.floor(rate)
  } syncs a second`;
  if (free < hostLimits.freeBytesLeast) return bad(`${found}: it is full`, ANOTHER_FOLDER);
  if (rate === 0) return bad(`${found}: it did not answer in time`, ANOTHER_FOLDER);
  if (MEMORY.has(type)) return warn(`${found}: streams are gone with the next restart`, ANOTHER_FOLDER);
  if (type === "overlay") {
    return warn(`${found}: streams are gone with the container`, "mount a volume, and name it with --data");
  }
  if (FAR.test(type)) return warn(`${found}: what it syncs is not to be relied on`, ANOTHER_FOLDER);
  if (rate < hostLimits.syncsGood) return warn(`${found}: appends wait long`, ANOTHER_FOLDER);
  if (free < hostLimits.freeBytesGood) {
    return warn(`${found}: bound the streams`, "sluice loom --quota 500m");
  }
  return ok(found);
}

/** The folder, or the nearest above it that is there. */
async function nearest(folder: string): Promise<string> {
  for (let at = folder;; at = dirname(at)) {
    try {
      if ((await Deno.stat(at)).isDirectory) return at;
      throw new Deno.errors.NotADirectory(`${at} is no folder`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) || at === dirname(at)) throw error;
    }
  }
}

/** Writes over a page and syncs, as the journal does, again and again; the file is gone at the end, whatever happens. */
async function syncRate(folder: string, signal: AbortSignal): Promise<number> {
  const path = await Deno.makeTempFile({ dir: folder, prefix: ".sluice-doctor-" });
  try {
    return await atMost(hostLimits.diskMs - hostLimits.removeMs, measure(path, signal)) ?? 0;
  } finally {
    await atMost(hostLimits.removeMs, Deno.remove(path));
  }
}

async function measure(path: string, signal: AbortSignal): Promise<number> {
  using file = await Deno.open(path, { write: true });
  const page = new Uint8Array(hostLimits.syncBytes);
  const sync = async () => {
    await file.seek(0, Deno.SeekMode.Start);
    await file.write(page);
    await file.syncData();
  };
  await sync(); // the first one has the file's length to store, too
  const begin = performance.now();
  let syncs = 0;
  let elapsed = 0;
  while (elapsed < hostLimits.syncMs && !signal.aborted) {
    await sync();
    syncs++;
    elapsed = performance.now() - begin;
  }
  return syncs / Math.max(elapsed, 1) * 1000;
}

/** What a promise gives; undefined when it takes longer. */
async function atMost<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
