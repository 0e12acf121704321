/**
 * The key of a network, which all its nodes have and nobody else: 32 random bytes, kept as base64 in a file of one line.
 * An error names the file and says what to do, and holds nothing of what stands in it.
 */

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { readSecretFile, writeSecretFile } from "./secret_file.ts";

/** Bytes of one: that of Noise's psk (Noise §9). */
export const NETWORK_KEY_BYTES = 32;

/** What stands in a file of a network key. */
export interface NetworkKeyFile {
  /** 32 bytes. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** What the user should know: that others can read it. */
  readonly warning?: string;
}

/** 32 bytes are 43 letters and one sign of padding. */
const LINE = /^([A-Za-z\d+/]{43}=)\r?\n?$/;
const ADVICE = "make one with `sluice keys network FILE`, and copy that to each node";

/**
 * Makes a new key of a network, in a file that nobody but the user can read.
 *
 * @throws {Deno.errors.AlreadyExists} when there is a file of that name: a key is never written over
 */
export function writeNetworkKey(path: string): void {
  writeSecretFile(path, randomBytes(NETWORK_KEY_BYTES).toString("base64") + "\n");
}

/**
 * Reads the key of a network.
 *
 * @throws {Deno.errors.NotFound} and the like: it can't be read
 * @throws {TypeError} it holds anything else
 */
export function readNetworkKey(path: string): NetworkKeyFile {
  try {
    const { text, isShared } = readSecretFile(path);
    const key = decode(text);
    return { key, warning: isShared ? `Others can read the network key in ${path}: chmod 600 it` : undefined };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TypeError(`Cannot use the network key of ${path}: ${error.message}`);
  }
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  if (/^-----BEGIN /m.test(text)) throw new TypeError(`it holds a key of a node, or a certificate; ${ADVICE}`);
  const [, base64] = LINE.exec(text) ?? [];
  const bytes = Buffer.from(base64 ?? "", "base64");
  // Two ways to write one key would mean that one of them was changed on its way.
  if (bytes.toString("base64") !== base64) {
    throw new TypeError(`it is not one line of base64 of ${NETWORK_KEY_BYTES} bytes; ${ADVICE}`);
  }
  return new Uint8Array(bytes);
}
