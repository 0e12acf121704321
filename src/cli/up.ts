/** `sluice up`: a gateway, streams, a registry and a node of the mesh as one process, from one file. */

import { Command, Option } from "commander";
import { flag } from "./flag.ts";
import { logFlag, type LogFormat, openLog } from "./log_flag.ts";
import { writeStdout } from "./output.ts";
import { assignment, LARGER_YOUNG_GENERATION_MIB, runInIsolates } from "./isolates.ts";

/** What flags and variables gave. */
interface Flags {
  readonly config: string;
  readonly check: boolean;
  readonly watch: boolean;
  readonly schema: boolean;
  readonly log: LogFormat;
}

/** Makes the command. */
export function upCommand(): Command {
  return new Command("up")
    .description("run a gateway, streams, a registry and a node of the mesh as one process, from one file")
    .usage("[-c FILE] [--check] [--watch]\n       sluice up --schema")
    .helpOption("-h, --help", "show this help")
    .addOption(flag("-c, --config <file>", "the file: docs/up.md", String, "sluice.toml", "SLUICE_CONFIG"))
    .addOption(
      new Option("--check", "say what is wrong with the file, and start nothing").default(false).conflicts("watch"),
    )
    .option("-w, --watch", "read the routes again when the file changes, as SIGHUP does", false)
    .addOption(
      new Option("--schema", "print the JSON Schema of the file, for editors").default(false).conflicts([
        "check",
        "watch",
      ]),
    )
    .addOption(logFlag("events, and standard error of programs"))
    .action((flags: Flags) => up(flags));
}

async function up({ config, check, watch, schema, log }: Flags): Promise<void> {
  if (schema) {
    const { upSchema } = await import("./up/up_schema.ts");
    return writeStdout(JSON.stringify(upSchema(), null, 2) + "\n");
  }
  if (!check && !assignment()) {
    const code = await runInIsolates(1, LARGER_YOUNG_GENERATION_MIB);
    return code === 0 ? undefined : Deno.exit(code);
  }
  // Loading everything takes longer than all that other commands do: they need not wait for it.
  const { checkUp, runUp } = await import("./up/up_run.ts");
  if (check) await checkUp(config);
  else await runUp(config, { watch, log: openLog(log) });
}
