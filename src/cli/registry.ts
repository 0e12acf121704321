/** `sluice registry`: services found by name and version. */

import { Command } from "commander";
import { listenCommand } from "./registry/registry_listen.ts";
import { queryCommand } from "./registry/registry_query.ts";
import { registerCommand } from "./registry/registry_register.ts";
import { showCommand } from "./registry/registry_show.ts";
import { watchCommand } from "./registry/registry_watch.ts";

/** Makes the command. */
export function registryCommand(): Command {
  const registry = new Command("registry")
    .description("find services by name and version: a hub, and what talks to one")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .enablePositionalOptions();
  for (const make of [listenCommand, showCommand, queryCommand, watchCommand, registerCommand]) {
    registry.addCommand(make());
  }
  return registry;
}
