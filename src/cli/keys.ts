/** `sluice keys`: key pairs in files, made and looked at. */

import { Command, Option } from "commander";
import { nodeIdOfKey } from "../mesh/identity.ts";
import { readKeyFile, writeKeyFile } from "../net/key_file.ts";
import { type KeyType, newKeyPair, type PublicKey } from "../net/keys.ts";
import { writeNetworkKey } from "../net/network_key.ts";
import { writeStderr, writeStdout } from "./output.ts";

/** Makes the command. */
export function keysCommand(): Command {
  return new Command("keys")
    .description("make and show the keys by which services and nodes are known")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .addCommand(newCommand())
    .addCommand(showCommand())
    .addCommand(networkCommand());
}

function newCommand(): Command {
  return new Command("new")
    .description("write a new private key to a file that only you can read; prints its public key")
    .helpOption("-h, --help", "show this help")
    .argument("<file>", "the file, which must not be there yet")
    .addOption(new Option("--type <type>", "what kind of key").choices(["ed25519", "rsa"]).default("ed25519"))
    .action((file: string, { type }: { type: KeyType }) => {
      const pair = newKeyPair(type);
      writeKeyFile(file, pair);
      writeStderr(`sluice keys new: ${describe(pair)}, kept in ${file}\n`);
      writeStdout(pair.publicPem);
    });
}

function showCommand(): Command {
  return new Command("show")
    .description("print the public keys of a file")
    .helpOption("-h, --help", "show this help")
    .argument("<file>", "PEM, or JSON of rsa-json")
    .option("--json", "print one line of JSON for each: id, type, node, public", false)
    .action((file: string, { json }: { json: boolean }) => {
      const { publicKeys, warning } = readKeyFile(file);
      if (warning) writeStderr(`sluice keys show: ${warning}\n`);
      for (const key of publicKeys) {
        if (!json) writeStderr(`sluice keys show: ${describe(key)}\n`);
        writeStdout(json ? jsonLine(key) : key.publicPem);
      }
    });
}

function networkCommand(): Command {
  return new Command("network")
    .description("write a new key of a network to a file that only you can read: nodes that have it let in nobody else")
    .helpOption("-h, --help", "show this help")
    .argument("<file>", "the file, which must not be there yet")
    .action((file: string) => {
      writeNetworkKey(file);
      writeStderr(`sluice keys network: kept in ${file}; copy it to each node, by a way that nobody listens to\n`);
    });
}

function describe(key: PublicKey): string {
  const node = nodeIdOfKey(key);
  return `${key.id} (${key.type})${node === undefined ? "" : `, as a node ${node}`}`;
}

function jsonLine(key: PublicKey): string {
  const { id, type, publicPem } = key;
  return JSON.stringify({ id, type, node: nodeIdOfKey(key), public: publicPem }) + "\n";
}
