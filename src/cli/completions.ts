/** `sluice completions`: what a shell needs to complete command lines. */

import { Argument, Command } from "commander";
import type { Shell } from "./help/completions_print.ts";

/** Makes the command. */
export function completionsCommand(): Command {
  return new Command("completions")
    .description("print a script by which a shell completes commands, options, choices and files")
    .helpOption("-h, --help", "show this help")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: Shell, _flags: unknown, command: Command) => {
      const { printCompletions } = await import("./help/completions_print.ts");
      printCompletions(shell, command.parent!);
    });
}
