/** `--key`: the key pair by which this process is known. */

import { readKeyFile } from "../../net/key_file.ts";
import type { KeyPair } from "../../net/keys.ts";
import { tellStderr } from "../output.ts";

/**
 * Reads it; what is to be said of the file is told.
 *
 * @throws {TypeError} when there is no private key in it, or one that can't be used
 * @throws {Deno.errors.NotFound} and the like: it can't be read
 */
export function readKeyPair(path: string): KeyPair {
  const { pair, warning } = readKeyFile(path);
  if (!pair) {
    throw new TypeError(`Cannot sign with ${path}: it holds no private key; make one with \`sluice keys new\``);
  }
  if (warning) tellStderr(`sluice: ${warning}\n`);
  return pair;
}
