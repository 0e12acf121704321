/** `sluice manual`: the manual pages. */

import { Command } from "commander";
import type { ManualFlags } from "./help/manual_print.ts";

/** Makes the command. */
export function manualCommand(): Command {
  return new Command("manual")
    .description("print a manual page, or write all of them into a folder")
    .helpOption("-h, --help", "show this help")
    .argument("[command...]", "the command that the page is about (default: sluice itself)")
    .option("--dir <folder>", "write all pages into this folder, which is made when it is not there")
    .action(async (words: string[], flags: ManualFlags, command: Command) => {
      const { printManual } = await import("./help/manual_print.ts");
      printManual(words, flags, command.parent!);
    });
}
