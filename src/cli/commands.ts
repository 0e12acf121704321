/** All commands under one name: what `--help`, completions and manual pages are made of. */

import { Command } from "commander";
import metadata from "../../deno.json" with { type: "json" };
import { callCommand } from "./call.ts";
import { doctorCommand } from "./doctor.ts";
import { gatewayCommand } from "./gateway.ts";
import { keysCommand } from "./keys.ts";
import { languagesCommand } from "./languages.ts";
import { loomCommand } from "./loom.ts";
import { nodeCommand } from "./node.ts";
import { writeStderr, writeStdout } from "./output.ts";
import { registryCommand } from "./registry.ts";
import { serveCommand } from "./serve.ts";
import { spyCommand } from "./spy.ts";
import { streamCommand } from "./stream.ts";
import { tailCommand } from "./tail.ts";

/** Makes the command line. Each command loads what it does when it is called, so that the others need not wait for it. */
export function makeSluice(): Command {
  const sluice = new Command("sluice")
    .description("Turn any program in any language into a streaming HTTP service.")
    .usage("COMMAND [OPTIONS]\n       sluice PROGRAM [ARGS...]     (the same as sluice serve PROGRAM)")
    .version(metadata.version, "--version", "print the version")
    .helpOption("-h, --help", "show help, also for a command")
    .enablePositionalOptions();
  const names = () => sluice.commands.map((command) => command.name());
  sluice.addCommand(serveCommand(names), { isDefault: true });
  const others = [languagesCommand, gatewayCommand, loomCommand, streamCommand, tailCommand, spyCommand];
  const network = [registryCommand, keysCommand, () => nodeCommand(names), callCommand, doctorCommand];
  for (const make of [...others, ...network]) sluice.addCommand(make());
  for (const command of [sluice, ...sluice.commands.flatMap((command) => [command, ...command.commands])]) {
    command.exitOverride().configureOutput({ writeErr: writeStderr, writeOut: writeStdout });
  }
  return sluice;
}
