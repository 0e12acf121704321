/** `sluice keys`: key pairs in files, made and looked at. */

import { Command, Option } from "commander";
import type { KeyType } from "../net/keys.ts";

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
    .option("--json", "print one line of JSON instead: id, type, node, public, file", false)
    .action(async (file: string, { type, json }: { type: KeyType; json: boolean }) => {
      const { makeKey } = await import("./keys/key_files.ts");
      makeKey(file, type, json);
    });
}

function showCommand(): Command {
  return new Command("show")
    .description("print the public keys of a file")
    .helpOption("-h, --help", "show this help")
    .argument("<file>", "PEM, or JSON of rsa-json")
    .option("--json", "print one line of JSON for each: id, type, node, public", false)
    .action(async (file: string, { json }: { json: boolean }) => {
      const { showKeys } = await import("./keys/key_files.ts");
      showKeys(file, json);
    });
}

function networkCommand(): Command {
  return new Command("network")
    .description("write a new key of a network to a file that only you can read: nodes that have it let in nobody else")
    .helpOption("-h, --help", "show this help")
    .argument("<file>", "the file, which must not be there yet")
    .option("--json", "print one line of JSON instead: file", false)
    .action(async (file: string, { json }: { json: boolean }) => {
      const { makeNetworkKey } = await import("./keys/key_files.ts");
      makeNetworkKey(file, json);
    });
}
