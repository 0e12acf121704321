/** Files that hold secrets: written once, for the user alone, and read with a bound. */

import { limits } from "../limits.ts";

/** What stands in one. */
export interface SecretText {
  readonly text: string;
  /** Others than the user may read it, or write to it. */
  readonly isShared: boolean;
}

/**
 * Writes one that nobody but the user can read.
 *
 * @throws {Deno.errors.AlreadyExists} when there is a file of that name: a secret is never written over
 */
export function writeSecretFile(path: string, text: string): void {
  const file = openNew(path);
  let written = false;
  try {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.byteLength;) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
    written = true;
  } finally {
    file.close();
    if (!written) Deno.removeSync(path); // half a key is none, and would be in the way of the next attempt
  }
}

function openNew(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause; // Deno's own words name the path
    throw new Deno.errors.AlreadyExists(`Cannot write ${path}: it is there already; take another name, or remove it`, {
      cause,
    });
  }
}

/**
 * Reads one.
 *
 * @throws {Deno.errors.NotFound} and the like: it can't be read
 * @throws {TypeError} it is a folder, or too large; says so without the file's name
 */
export function readSecretFile(path: string): SecretText {
  using file = Deno.openSync(path);
  const { mode, isDirectory } = file.statSync();
  if (isDirectory) throw new TypeError("it is a folder");
  const bytes = new Uint8Array(limits.keyFileBytes + 1);
  let length = 0;
  for (let count: number | null = 0; count !== null && length < bytes.byteLength; length += count ?? 0) {
    count = file.readSync(bytes.subarray(length));
  }
  if (length > limits.keyFileBytes) throw new TypeError(`it is larger than ${limits.keyFileBytes} bytes`);
  return { text: new TextDecoder().decode(bytes.subarray(0, length)), isShared: ((mode ?? 0) & 0o077) !== 0 };
}
