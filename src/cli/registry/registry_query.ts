/** `sluice registry query`: the services that match, or something of each of them. */

import type { Command } from "commander";
import { printableJson } from "../../bytes/printable.ts";
import { writeStdout } from "../output.ts";
import { HubCommand, patienceFlag, type PatientFlags } from "./registry_flags.ts";

/** Makes the command. */
export function queryCommand(): Command {
  return new HubCommand("query", "print the services that match as a JSON array, the newest version first")
    .argument("<pattern>", "such as web, web@1.x or 'web@>=1.2 <3'")
    .argument("[path...]", "what to print of each service: `host`, or `tags 0`; null where there is none")
    .addOption(patienceFlag())
    .action((hubs: string, pattern: string, path: string[], flags: PatientFlags) => query(hubs, pattern, path, flags));
}

async function query(hubs: string, pattern: string, path: readonly string[], flags: PatientFlags): Promise<void> {
  const { checkPattern, connectAndSync } = await import("./registry_connection.ts");
  checkPattern(pattern);
  await using client = await connectAndSync(hubs, flags);
  writeStdout(printableJson(client.query(pattern).map((service) => walk(service, path)), 2) + "\n");
}

/** What lies on a path of names into a value. */
function walk(value: unknown, path: readonly string[]): unknown {
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
