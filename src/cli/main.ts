/** All commands under one name, and how their failures end. */

import { Command, CommanderError } from "commander";
import metadata from "../../deno.json" with { type: "json" };
import { writeStderr, writeStdout } from "./output.ts";
import { callCommand } from "./call.ts";
import { doctorCommand } from "./doctor.ts";
import { gatewayCommand } from "./gateway.ts";
import { keysCommand } from "./keys.ts";
import { languagesCommand } from "./languages.ts";
import { loomCommand } from "./loom.ts";
import { nodeCommand } from "./node.ts";
import { registryCommand } from "./registry.ts";
import { serveCommand } from "./serve.ts";
import { spyCommand } from "./spy.ts";
import { streamCommand } from "./stream.ts";
import { tailCommand } from "./tail.ts";
import { UsageError } from "./usage.ts";

/** Exit codes of every command. */
const DONE = 0;
const FAILED = 1;
const WRONG_USAGE = 2;

/**
 * Runs a command line.
 *
 * @param args what stands behind the program's name
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  const sluice = new Command("sluice")
    .description("Turn any program in any language into a streaming HTTP service.")
    .usage("COMMAND [OPTIONS]\n       sluice PROGRAM [ARGS...]     (the same as sluice serve PROGRAM)")
    .version(metadata.version, "--version", "print the version")
    .helpOption("-h, --help", "show help, also for a command")
    .enablePositionalOptions();
  const names = () => sluice.commands.map((command) => command.name());
  sluice.addCommand(serveCommand(names), { isDefault: true }).addCommand(languagesCommand());
  const others = [gatewayCommand, loomCommand, streamCommand, tailCommand, spyCommand, registryCommand, keysCommand];
  for (const make of [...others, () => nodeCommand(names), callCommand, doctorCommand]) {
    sluice.addCommand(make());
  }
  for (const command of [sluice, ...sluice.commands.flatMap((command) => [command, ...command.commands])]) {
    command.exitOverride().configureOutput({ writeErr: writeStderr, writeOut: writeStdout });
  }
  if (args.length === 0) {
    sluice.outputHelp({ error: true });
    return WRONG_USAGE;
  }
  try {
    await sluice.parseAsync([...args], { from: "user" });
    return DONE;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONG_USAGE; // it has spoken for itself
    writeStderr(`sluice: ${error instanceof Error ? error.message : error}\n`);
    return error instanceof UsageError ? WRONG_USAGE : FAILED;
  }
}
