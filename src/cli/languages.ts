/** `sluice languages`: what can be run here, and what to install for the rest. */

import { Command } from "commander";
import type { LanguagesFlags } from "./languages_list.ts";

/** Makes the command. */
export function languagesCommand(): Command {
  return new Command("languages")
    .description("list the languages: extensions, interpreter found or what to install, version")
    .helpOption("-h, --help", "show this help")
    .option("--languages <file>", "file that adds languages (TOML, YAML or JSON)")
    .option("--json", "print a JSON array", false)
    .action(async (flags: LanguagesFlags) => {
      const { listLanguages } = await import("./languages_list.ts");
      await listLanguages(flags);
    });
}
