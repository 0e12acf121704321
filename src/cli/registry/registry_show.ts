/** `sluice registry show`: all services of a registry. */

import type { Command } from "commander";
import { printableJson } from "../../bytes/printable.ts";
import { writeStdout } from "../output.ts";
import { HubCommand, patienceFlag, type PatientFlags } from "./registry_flags.ts";

/** Makes the command. */
export function showCommand(): Command {
  return new HubCommand("show", "print all services as a JSON array")
    .addOption(patienceFlag())
    .action((hubs: string, flags: PatientFlags) => show(hubs, flags));
}

async function show(hubs: string, flags: PatientFlags): Promise<void> {
  // Loading a client takes longer than all the rest: other commands need not wait for it.
  const { connectAndSync } = await import("./registry_connection.ts");
  await using client = await connectAndSync(hubs, flags);
  writeStdout(printableJson(client.query(), 2) + "\n");
}
