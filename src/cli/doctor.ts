/** `sluice doctor`: what this host allows, and what to do about the rest. */

import { Command } from "commander";
import { describeHost, type HostFact } from "../process/host.ts";
import { writeStdout } from "./output.ts";

/** Makes the command. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("say what this host allows: launcher, limits, control groups, sockets, ports, interpreters")
    .helpOption("-h, --help", "show this help")
    .option("--json", "print a JSON array", false)
    .action(async ({ json }: { json: boolean }) => {
      const facts = await describeHost();
      writeStdout(json ? JSON.stringify(facts, null, 2) + "\n" : table(facts));
    });
}

function table(facts: readonly HostFact[]): string {
  const width = Math.max(...facts.map(({ name }) => name.length));
  const lines = facts.map(({ name, works, says }) => [name, works ? "yes" : "no", says]);
  return [["WHAT", "HERE", "HOW, OR WHY NOT"], ...lines]
    .map(([name, works, says]) => `${name.padEnd(width)}  ${works.padEnd(4)}  ${says}\n`).join("");
}
