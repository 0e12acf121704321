/** `sluice gateway`: one file of routes. */

import { Command, Option } from "commander";
import { flag } from "./flag.ts";
import { assignment, LARGER_YOUNG_GENERATION_MIB, runInIsolates } from "./isolates.ts";
import { logFlag, type LogFormat, openLog } from "./log_flag.ts";
import { writeStderr, writeStdout } from "./output.ts";
import { UsageError } from "./usage.ts";

/** What flags and variables gave. */
interface Flags {
  readonly config?: string;
  readonly check: boolean;
  readonly json: boolean;
  readonly watch: boolean;
  readonly schema: boolean;
  readonly init?: string;
  readonly language?: string;
  readonly force: boolean;
  readonly log: LogFormat;
}

/** Makes the command. */
export function gatewayCommand(): Command {
  return new Command("gateway")
    .description("serve one file of routes: programs, files, services and streams behind one front")
    .usage("-c FILE [--check] [--watch]\n       sluice gateway --init openapi.yaml")
    .helpOption("-h, --help", "show this help")
    .addOption(
      flag("-c, --config <file>", "routes as TOML, YAML or JSON: docs/gateway.md", String, undefined, "SLUICE_CONFIG"),
    )
    .addOption(
      new Option("--check", "say what is wrong with the file, and serve nothing").default(false).conflicts("watch"),
    )
    .option("--json", "with --check: print what is wrong as a JSON array: file, line, column, path, message", false)
    .option("-w, --watch", "read the file again when it changes, as SIGHUP does", false)
    .addOption(
      new Option("--schema", "print the JSON Schema of the file, for editors").default(false).conflicts([
        "check",
        "watch",
      ]),
    )
    .option("--init <document>", "write a file of routes and a stub for each operation of an OpenAPI document")
    .option("-l, --language <name>", "with --init: language of the stubs, such as typescript (default: python)")
    .option("--force", "with --init: write over what is there", false)
    .addOption(logFlag("events, and standard error of programs"))
    .action((flags: Flags) => gateway(flags));
}

async function gateway(flags: Flags): Promise<void> {
  checkFlags(flags);
  if (flags.schema) {
    const { configSchema } = await import("../gateway/config/schema.ts");
    return writeStdout(JSON.stringify(configSchema, null, 2) + "\n");
  }
  if (flags.init !== undefined) return await init(flags.init, flags);
  if (flags.config === undefined) throw new UsageError("Name the file of routes: sluice gateway -c FILE");
  if (flags.check) {
    const { checkFile } = await import("./gateway/gateway_check.ts");
    return await checkFile(flags.config, flags.json);
  }
  if (!assignment()) {
    const code = await runInIsolates(1, LARGER_YOUNG_GENERATION_MIB);
    return code === 0 ? undefined : Deno.exit(code);
  }
  // Loading the gateway takes longer than all the rest: other commands need not wait for it.
  const { runGateway } = await import("./gateway/gateway_server.ts");
  await runGateway(flags.config, {
    watch: flags.watch,
    log: openLog(flags.log),
  });
}

/** What goes with another flag means nothing without it. */
function checkFlags({ json, check, init, language, force }: Flags): void {
  if (json && !check) throw new UsageError("--json goes with --check: sluice gateway -c FILE --check --json");
  if (init !== undefined || language === undefined && !force) return;
  const alone = language === undefined ? "--force" : "--language";
  throw new UsageError(`${alone} goes with --init: sluice gateway --init DOCUMENT`);
}

async function init(document: string, { language, force }: Flags): Promise<void> {
  const { initFrom } = await import("../gateway/openapi/init.ts");
  const written = await initFrom(document, Deno.cwd(), { language, force });
  for (const path of written) writeStderr(`sluice gateway: wrote ${path}\n`);
  writeStderr("sluice gateway: serve it with sluice gateway -c sluice.toml\n");
}
