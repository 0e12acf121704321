/** `sluice doctor`: what this host allows, and what to do about the rest. */

import { Command } from "commander";

/** Makes the command. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("say what this host allows: launcher, limits, control groups, sockets, ports, interpreters")
    .helpOption("-h, --help", "show this help")
    .option("--json", "print a JSON array", false)
    .action(async (flags: { json: boolean }) => {
      const { examine } = await import("./doctor_run.ts");
      await examine(flags);
    });
}
