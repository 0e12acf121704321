/** `sluice serve`: programs as an HTTP service. */

import { Command } from "commander";
import { flag } from "./flag.ts";
import { addProgramFlags } from "./programs/program_flags.ts";
import { count, port } from "./values.ts";
import type { ServeFlags } from "./programs/serve_run.ts";

/**
 * Makes the command.
 *
 * @param commands names of all commands, for a hint when a program is not found
 */
export function serveCommand(commands: () => string[]): Command {
  const command = new Command("serve")
    .description("serve a program: one fresh process a request, its stdin and stdout as the bodies")
    .usage("[OPTIONS] PROGRAM [ARGS...]\n       sluice serve [OPTIONS] /PATH=PROGRAM...")
    .argument("<program>", "a source file, a folder with package.json, an executable, or a command on PATH")
    .argument("[args...]", "arguments of the program, or more /PATH=PROGRAM")
    .passThroughOptions()
    .helpOption("-h, --help", "show this help")
    .addOption(flag("-p, --port <port>", "port; the next free one if taken, 0 for any", port, 3000, "SLUICE_PORT"))
    .addOption(flag("-H, --host <address>", "address to listen on", String, "127.0.0.1", "SLUICE_HOST"));
  return addProgramFlags(command)
    .addOption(
      flag("--workers <n>", "isolates that share the port; one fills two cores", count, 1, "SLUICE_WORKERS"),
    )
    .option("--once", "run once: standard input to the program, its output to standard output", false)
    .action(async (first: string, rest: string[], flags: ServeFlags) => {
      const { serve } = await import("./programs/serve_run.ts");
      await serve(commands(), [first, ...rest], flags);
    });
}
