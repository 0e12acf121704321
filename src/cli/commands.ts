/** All commands under one name: what `--help`, completions and manual pages are made of. */

import { Command } from "commander";
import metadata from "../../deno.json" with { type: "json" };
import { callCommand } from "./call.ts";
import { completionsCommand } from "./completions.ts";
import { doctorCommand } from "./doctor.ts";
import { gatewayCommand } from "./gateway.ts";
import { shapeHelp } from "./help/help.ts";
import { initCommand } from "./init.ts";
import { keysCommand } from "./keys.ts";
import { usageLine } from "./failure.ts";
import { languagesCommand } from "./languages.ts";
import { loomCommand } from "./loom.ts";
import { manualCommand } from "./manual.ts";
import { nodeCommand } from "./node.ts";
import { writeStderr, writeStdout } from "./output.ts";
import { registryCommand } from "./registry.ts";
import { serveCommand } from "./serve.ts";
import { spyCommand } from "./spy.ts";
import { streamCommand } from "./stream.ts";
import { tailCommand } from "./tail.ts";
import { upCommand } from "./up.ts";

/** Makes the command line. Each command loads what it does when it is called, so that the others need not wait for it. */
export function makeSluice(): Command {
  const sluice = new Command("sluice")
    .description("Turn any program in any language into a streaming HTTP service.")
    .usage("COMMAND [OPTIONS]\n       sluice PROGRAM [ARGS...]     (the same as sluice serve PROGRAM)")
    .version(metadata.version, "--version", "print the version")
    .helpOption("-h, --help", "show help, also for a command")
    .addHelpCommand(helpCommand())
    .enablePositionalOptions();
  const names = () => sluice.commands.map((command) => command.name());
  sluice.addCommand(serveCommand(names), { isDefault: true });
  const others = [languagesCommand, gatewayCommand, upCommand, loomCommand, streamCommand, tailCommand, spyCommand];
  const network = [registryCommand, keysCommand, () => nodeCommand(names), callCommand, doctorCommand, initCommand];
  const words = [completionsCommand, manualCommand];
  for (const make of [...others, ...network, ...words]) sluice.addCommand(make());
  for (const command of [sluice, ...sluice.commands.flatMap((command) => [command, ...command.commands])]) {
    shapeHelp(command, wordsOf(command));
    command.exitOverride().configureOutput({
      writeErr: writeStderr,
      writeOut: writeStdout,
      outputError: (text, write) => write(usageLine(text, wordsOf(command))),
    });
  }
  return sluice;
}

function helpCommand(): Command {
  return new Command("help")
    .description("show help for a command")
    .argument("[command]", "the command")
    .helpOption(false);
}

/** The words that call a command: `sluice registry show`. */
function wordsOf(command: Command): string {
  return command.parent ? `${wordsOf(command.parent)} ${command.name()}` : command.name();
}
