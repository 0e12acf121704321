/** `sluice doctor`: what this host allows, and what to do about the rest. */

import { Command } from "commander";
import type { DoctorFlags } from "./doctor/doctor_run.ts";
import { flag } from "./flag.ts";
import { colorFlags } from "./terminal/terminal.ts";

/** Makes the command. */
export function doctorCommand(): Command {
  const command = new Command("doctor")
    .description(
      "look at this host: what works, what does not, and what to do about it; ends with 1 when something is bad",
    )
    .helpOption("-h, --help", "show this help")
    .addOption(
      flag(
        "--data <folder>",
        "where streams are to be kept, as for loom: its disk is written to for half a second",
        String,
      )
        .env("SLUICE_DATA"),
    )
    .option("--json", "print a JSON array: name, verdict (ok, warn, bad), found, mend (or null)", false);
  for (const option of colorFlags()) command.addOption(option);
  return command.action(async (flags: DoctorFlags) => {
    const { examine } = await import("./doctor/doctor_run.ts");
    await examine(flags);
  });
}
