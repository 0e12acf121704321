/** `sluice languages`: what can be run here, and what to install for the rest. */

import { Command } from "commander";
import type { LanguagesFlags } from "./programs/languages_list.ts";
import { colorFlags } from "./terminal/terminal.ts";

/** Makes the command. */
export function languagesCommand(): Command {
  const command = new Command("languages")
    .description("list the languages: extensions, interpreter found or what to install, version")
    .helpOption("-h, --help", "show this help")
    .option("--languages <file>", "file that adds languages (TOML, YAML or JSON)")
    .option("--json", "print a JSON array", false);
  for (const option of colorFlags()) command.addOption(option);
  return command.action(async (flags: LanguagesFlags) => {
    const { listLanguages } = await import("./programs/languages_list.ts");
    await listLanguages(flags);
  });
}
