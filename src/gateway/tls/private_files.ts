/**
 * Files with keys in them, which nobody but the user reads. A certificate and its key are one file, so that a crash never
 * leaves one that does not belong to the other; and each is written beside its place and renamed, so that it is whole.
 */

import { dirname } from "node:path";
import { checkTlsPair, type TlsPair } from "../../http/tls.ts";
import { syncFolder } from "../../loom/disk/sync_folder.ts";
import { pause } from "../../net/backoff.ts";
import { gatewayLimits } from "../limits.ts";

/** How often it is asked whether another process has let go of a lock, milliseconds. */
const LOCK_POLL_MS = 200;

/** Makes a folder that only the user can look into; one that is there stays as it is. */
export async function makePrivateFolder(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true, mode: 0o700 });
}

/** Replaces a file, or makes it: a crash leaves the old one or the new one. One process may do it at a time. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const aside = `${path}.new`;
  await Deno.remove(aside).catch(() => {/* none was left behind by a crash */});
  using file = await Deno.open(aside, { write: true, createNew: true, mode: 0o600 });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.byteLength;) at += await file.write(bytes.subarray(at));
  await file.sync();
  await Deno.rename(aside, path);
  await syncFolder(dirname(path));
}

/**
 * The text of a file; undefined when there is none.
 *
 * @throws {TypeError} it is larger than any certificate
 */
export async function readBounded(path: string): Promise<string | undefined> {
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    if (size > gatewayLimits.certificateFileBytes) {
      throw new TypeError(`Cannot use ${path}: it is larger than ${gatewayLimits.certificateFileBytes} bytes`);
    }
    return await new Response(file.readable).text();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes a pair into one file: the key, and the chain behind it. */
export async function writePair(path: string, { cert, key }: TlsPair): Promise<void> {
  await writePrivateFile(path, `${key.trim()}\n${cert.trim()}\n`);
}

/**
 * Reads a pair that was written so; undefined when there is none.
 *
 * @throws {TypeError} the file was damaged
 */
export async function readPair(path: string): Promise<TlsPair | undefined> {
  const text = await readBounded(path);
  if (text === undefined) return undefined;
  const at = text.indexOf("-----BEGIN CERTIFICATE-----");
  if (at === -1) throw new TypeError(`Cannot use ${path}: there is no certificate in it`);
  const pair = { key: text.slice(0, at), cert: text.slice(at) };
  checkTlsPair(pair);
  if (!isChain(pair.cert)) throw new TypeError(`Cannot use ${path}: the chain in it is broken off`);
  return pair;
}

/** True when there is nothing but certificates in a text: half of a chain would be served, and clients refuse it. */
function isChain(text: string): boolean {
  const blocks = text.trim().split(/(?<=-----END CERTIFICATE-----)\s+/);
  return blocks.every((block) => /^-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----$/.test(block));
}

/** Puts a damaged file out of the way, where it can be looked at. */
export async function setAside(path: string): Promise<void> {
  await Deno.rename(path, `${path}.damaged`);
}

/** Waits until no other process, and nobody else in this one, has a lock; held until it is disposed of. */
export async function lockFile(path: string, signal?: AbortSignal): Promise<Disposable> {
  const file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
  try {
    while (!await file.tryLock(true)) await pause(LOCK_POLL_MS, signal);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** A name for a file that belongs to some hosts, and to something else that tells it from others. */
export async function fileNameFor(hosts: readonly string[], other: string): Promise<string> {
  const sorted = hosts.toSorted();
  const all = new TextEncoder().encode([other, ...sorted].join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", all)).toHex().slice(0, 12);
  return `${(sorted[0] ?? "localhost").replaceAll(/[^a-z0-9.-]/g, "_")}-${digest}`;
}
