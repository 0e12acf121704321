/** Files that hold secrets: written once, for the user alone, and read with a bound. On Deno and on Node.js. */

import { closeSync, fstatSync, fsyncSync, openSync, readSync, rmSync, writeSync } from "node:fs";
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
  const file = open(path, "wx");
  let written = false;
  try {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at);
    fsyncSync(file);
    written = true;
  } finally {
    closeSync(file);
    if (!written) rmSync(path); // half a key is none, and would be in the way of the next attempt
  }
}

/**
 * Reads one.
 *
 * @throws {Deno.errors.NotFound} and the like: it can't be read
 * @throws {TypeError} it is a folder, or too large; says so without the file's name
 */
export function readSecretFile(path: string): SecretText {
  const file = open(path, "r");
  try {
    const status = fstatSync(file);
    if (status.isDirectory()) throw new TypeError("it is a folder");
    const bytes = new Uint8Array(limits.keyFileBytes + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.byteLength; length += count) {
      count = readSync(file, bytes, length, bytes.byteLength - length, null);
    }
    if (length > limits.keyFileBytes) throw new TypeError(`it is larger than ${limits.keyFileBytes} bytes`);
    return { text: new TextDecoder().decode(bytes.subarray(0, length)), isShared: (status.mode & 0o077) !== 0 };
  } finally {
    closeSync(file);
  }
}

function open(path: string, flags: "r" | "wx"): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    throw errorOf(error as Error & { readonly code?: string }, path);
  }
}

/** The runtime's own error for what node:fs has thrown, which names the path. */
function errorOf(cause: Error & { readonly code?: string }, path: string): Error {
  const isThere = cause.code === "EEXIST";
  const message = isThere
    ? `Cannot write ${path}: it is there already; take another name, or remove it`
    : cause.message;
  if ("Deno" in globalThis) {
    if (isThere) return new Deno.errors.AlreadyExists(message, { cause });
    if (cause.code === "ENOENT") return new Deno.errors.NotFound(message, { cause });
    if (cause.code === "EACCES") return new Deno.errors.PermissionDenied(message, { cause });
  }
  return isThere ? Object.assign(new Error(message, { cause }), { code: cause.code }) : cause;
}
