/** `sluice init`: a small project to begin with. */

import { Command } from "commander";
import { flag } from "./flag.ts";
import type { InitFlags } from "./init/choices.ts";
import { colorFlags } from "./terminal/terminal.ts";
import { servicePort } from "./values.ts";

/** Makes the command. */
export function initCommand(): Command {
  const command = new Command("init")
    .description("write a small project that runs at once: program, routes, test, service unit")
    .helpOption("-h, --help", "show this help")
    .argument("[template]", "language of the program: sluice init --list")
    .option("--name <name>", "name of the project (default: hello, or that of --dir)")
    .option("--dir <folder>", "where it is written (default: ./NAME)")
    .addOption(flag("-p, --port <port>", "port that it listens on (default: 8080)", servicePort))
    .option("--force", "write over files that are there", false)
    .option("-y, --yes", "ask nothing, and take the defaults", false)
    .option("--list", "list the templates, and whether they can be run here", false)
    .option("--json", "print JSON: of what was written, or of the list", false);
  for (const option of colorFlags()) command.addOption(option);
  return command.action(async (template: string | undefined, flags: InitFlags) => {
    const { initProject } = await import("./init/init_project.ts");
    initProject(template, flags);
  });
}
