/** The user's cache: runner files, inline code and what compilers made, each under a hash of all that it depends on. */

import { createHash } from "node:crypto";
import { join, resolve } from "node:path";

/**
 * The cache's folder: `SLUICE_CACHE_DIR`, else `sluice` in `XDG_CACHE_HOME` or `~/.cache`; where there is no home, a
 * folder in the temporary directory.
 */
export function cacheDirectory(): string {
  return resolve(configuredDirectory());
}

function configuredDirectory(): string {
  const own = Deno.env.get("SLUICE_CACHE_DIR");
  if (own) return own;
  const base = Deno.env.get("XDG_CACHE_HOME") || (Deno.env.get("HOME") ? join(Deno.env.get("HOME")!, ".cache") : "");
  return base ? join(base, "sluice") : join(Deno.env.get("TMPDIR") || "/tmp", `sluice-${userName()}`);
}

/** A name that keeps users apart; who owns the folder is checked all the same. */
function userName(): string {
  return mayAskUid() ? String(Deno.uid()) : Deno.env.get("USER")?.replace(/[^A-Za-z0-9_-]/g, "_") || "user";
}

function mayAskUid(): boolean {
  return Deno.permissions.querySync({ name: "sys", kind: "uid" }).state === "granted";
}

/** A hash for a cache's key; its parts are kept apart by their lengths. */
export function hash(...parts: readonly (string | Uint8Array)[]): string {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(`${part.length}:`).update(part);
  return digest.digest("hex").slice(0, 32);
}

/**
 * Puts a text into the cache, if it is not there yet, so that other programs can read it as a file.
 *
 * @param kind folder in the cache
 * @param name file name that the file keeps, because languages look at its ending
 * @returns its path
 */
export function materialize(kind: string, name: string, text: string): string {
  const folder = join(privateFolder(kind), hash(name, text));
  const file = join(folder, name);
  try {
    if (Deno.readTextFileSync(file) === text) return file;
  } catch {
    // Not there yet.
  }
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeAtomically(file, text);
  return file;
}

/**
 * A folder of the cache that only this user can write to: what lies in it is run.
 *
 * @throws {Error} when it belongs to another user, or others may write to it
 */
export function privateFolder(kind: string): string {
  const root = cacheDirectory();
  try {
    Deno.mkdirSync(join(root, kind), { recursive: true, mode: 0o700 });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause; // Deno's own words say which permission is missing
    throw new Error(`Cannot make the cache folder ${root}: set SLUICE_CACHE_DIR to one that can be written to`, {
      cause,
    });
  }
  for (const folder of [root, join(root, kind)]) {
    const { uid, mode } = Deno.statSync(folder);
    if (uid !== ownUid(folder) || ((mode ?? 0) & 0o022) !== 0) {
      throw new Error(
        `Cannot use the cache folder ${folder}: others can write to it; remove it or set SLUICE_CACHE_DIR`,
      );
    }
  }
  return join(root, kind);
}

/** Our user id; without the permission to ask for it, the owner of a file that we have just written. */
function ownUid(folder: string): number | null {
  if (mayAskUid()) return Deno.uid();
  const probe = join(folder, crypto.randomUUID());
  Deno.writeTextFileSync(probe, "", { createNew: true });
  try {
    return Deno.statSync(probe).uid;
  } finally {
    Deno.removeSync(probe);
  }
}

/** Writes a file so that a reader sees all of it or none, whoever else writes it at the same time. */
function writeAtomically(file: string, text: string): void {
  const draft = `${file}.${crypto.randomUUID()}`;
  Deno.writeTextFileSync(draft, text, { mode: 0o600 });
  Deno.renameSync(draft, file);
}
