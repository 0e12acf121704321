/** What the commands have in common that talk to a registry: the hub, and how it is talked to. */

import { Command, type Option } from "commander";
import { limits } from "../../limits.ts";
import { tokenFlag } from "../streams/client_flags.ts";
import { flag } from "../flag.ts";
import { duration } from "../values.ts";

/** Flags of each of them. */
export interface HubFlags {
  readonly token?: string;
  readonly ca?: string;
  readonly key?: string;
}

/** Flags of those that end by themselves. */
export interface PatientFlags extends HubFlags {
  readonly giveUp: number;
}

/** A command whose first argument is a hub. */
export class HubCommand extends Command {
  constructor(name: string, description: string) {
    super(name);
    this.description(description)
      .helpOption("-h, --help", "show this help")
      .argument("<hub>", "the hub, as host:port or a URL; several with commas between them")
      .addOption(tokenFlag())
      .option("--key <file>", "key by which the hub knows us; see `sluice keys`")
      .option("--ca <file>", "certificates of authorities that sign for wss: hubs (default: those of the system)");
  }
}

/** `--give-up`. */
export function patienceFlag(): Option {
  return flag("--give-up <time>", "how long the hub is tried, such as 500ms or 1m", duration)
    .default(limits.registryGiveUpMs, `${limits.registryGiveUpMs / 1000}s`);
}
