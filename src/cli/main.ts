/** One command line from its words to its exit code, and how failures end. */

import { CommanderError } from "commander";
import { nearest } from "../bytes/nearest.ts";
import { makeSluice } from "./commands.ts";
import { DONE, FAILED, WRONG_USAGE } from "./exit_codes.ts";
import { failureText } from "./failure.ts";
import { ReaderGone, tellStderr } from "./output.ts";
import { UsageError } from "./usage.ts";

/**
 * Runs a command line.
 *
 * @param args what stands behind the program's name
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  const sluice = makeSluice();
  if (args.length === 0) {
    sluice.outputHelp({ error: true });
    return WRONG_USAGE;
  }
  try {
    if (args[0] === "help" && args.length > 1) checkCommand(args[1], sluice.commands.map((command) => command.name()));
    await sluice.parseAsync([...args], { from: "user" });
    return DONE;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONG_USAGE; // it has spoken for itself
    if (error instanceof ReaderGone) return DONE; // such as `head`, which has seen enough
    tellStderr(`sluice: ${failureText(error)}\n`);
    return error instanceof UsageError ? WRONG_USAGE : FAILED;
  }
}

/** Left to itself, help for what is no command is the whole help. */
function checkCommand(name: string, names: readonly string[]): void {
  if (name.startsWith("-") || name === "help" || names.includes(name)) return;
  const near = nearest(name, names);
  const hint = near === undefined ? "see `sluice --help`" : `did you mean ${near}?`;
  throw new UsageError(`There is no command ${name}; ${hint}`);
}
