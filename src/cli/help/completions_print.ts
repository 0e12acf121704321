/** The script of a shell, to standard output. */

import type { Command } from "commander";
import { readCommand } from "./command_tree.ts";
import { bashCompletion } from "./completion_bash.ts";
import { fishCompletion } from "./completion_fish.ts";
import { zshCompletion } from "./completion_zsh.ts";
import { writeStdout } from "../output.ts";

const SCRIPTS = { bash: bashCompletion, fish: fishCompletion, zsh: zshCompletion };

/** Shells whose command lines can be completed. */
export type Shell = keyof typeof SCRIPTS;

/** Prints the script for all commands below `sluice`. */
export function printCompletions(shell: Shell, sluice: Command): void {
  writeStdout(SCRIPTS[shell](readCommand(sluice)));
}
