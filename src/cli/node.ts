/** `sluice node`: programs as services of a mesh. */

import { Command } from "commander";
import { flag } from "./flag.ts";
import { allowFlag, keyFlags } from "./mesh/mesh_flags.ts";
import type { NodeFlags } from "./mesh/node_settings.ts";
import { addProgramFlags } from "./programs/program_flags.ts";
import { collectList } from "./values.ts";

/**
 * Makes the command.
 *
 * @param commands names of all commands, for a hint when a program is not found
 */
export function nodeCommand(commands: () => string[]): Command {
  const command = new Command("node")
    .description("offer programs, and servers that run already, as services of a mesh; or let others join by this node")
    .usage("[OPTIONS] [NAME[@VERSION]=PROGRAM...]")
    .argument(
      "[services...]",
      "name, and a file, a command with its arguments in quotes, or the URL of a server that runs",
    )
    .helpOption("-h, --help", "show this help")
    .addOption(
      flag(
        "--listen <address>",
        "where other nodes reach this one; a port alone is at 127.0.0.1; repeatable",
        collectList,
      )
        .env("SLUICE_LISTEN"),
    )
    .addOption(
      flag("--join <address>", "a node to join the mesh by: HOST:PORT, ws:// or wss://; repeatable", collectList)
        .env("SLUICE_JOIN"),
    )
    .addOption(
      flag(
        "--advertise <address>",
        "where others reach it, behind a forwarded port or a proxy; repeatable",
        collectList,
      )
        .env("SLUICE_ADVERTISE"),
    );
  for (const option of keyFlags()) command.addOption(option);
  command.addOption(allowFlag())
    .addOption(
      flag(
        "--flatend <address>",
        "also take clients of npm's flatend 0.0.8, whose encryption is not to be relied on",
        String,
      )
        .env("SLUICE_FLATEND"),
    );
  return addProgramFlags(command).action(async (services: string[], flags: NodeFlags) => {
    // Loading the mesh takes longer than all the rest: other commands need not wait for it.
    const { runNode } = await import("./mesh/node_run.ts");
    await runNode(services, flags, commands());
  });
}
