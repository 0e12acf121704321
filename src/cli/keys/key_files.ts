/** What is behind `sluice keys`: files of keys, written and read. */

import { nodeIdOfKey } from "../../mesh/identity.ts";
import { readKeyFile, writeKeyFile } from "../../net/key_file.ts";
import { type KeyType, newKeyPair, type PublicKey } from "../../net/keys.ts";
import { writeNetworkKey } from "../../net/network_key.ts";
import { writeStderr, writeStdout } from "../output.ts";

/** Writes a new pair of keys, and prints the public one. */
export function makeKey(file: string, type: KeyType, json: boolean): void {
  const pair = newKeyPair(type);
  writeKeyFile(file, pair);
  if (json) return writeStdout(jsonLine({ ...describeAsJson(pair), file }));
  writeStderr(`sluice keys new: ${describe(pair)}, kept in ${file}\n`);
  writeStdout(pair.publicPem);
}

/** Prints the public keys of a file. */
export function showKeys(file: string, json: boolean): void {
  const { publicKeys, warning } = readKeyFile(file);
  if (warning) writeStderr(`sluice keys show: ${warning}\n`);
  for (const key of publicKeys) {
    if (!json) writeStderr(`sluice keys show: ${describe(key)}\n`);
    writeStdout(json ? jsonLine(describeAsJson(key)) : key.publicPem);
  }
}

/** Writes a new key of a network. */
export function makeNetworkKey(file: string, json: boolean): void {
  writeNetworkKey(file);
  if (json) return writeStdout(jsonLine({ file }));
  writeStderr(`sluice keys network: kept in ${file}; copy it to each node, by a way that nobody listens to\n`);
}

function describe(key: PublicKey): string {
  const node = nodeIdOfKey(key);
  return `${key.id} (${key.type})${node === undefined ? "" : `, as a node ${node}`}`;
}

function describeAsJson(key: PublicKey): Record<string, string | undefined> {
  const { id, type, publicPem } = key;
  return { id, type, node: nodeIdOfKey(key), public: publicPem };
}

function jsonLine(value: Record<string, string | undefined>): string {
  return JSON.stringify(value) + "\n";
}
