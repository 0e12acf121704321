/** `sluice registry register`: a service that is registered exactly as long as it runs. */

import { type Command, Option, type ParseOptionsResult } from "commander";
import { limits } from "../../limits.ts";
import type { ServiceCheck } from "../../registry/table/document.ts";
import { flag } from "../flag.ts";
import { HubCommand, type HubFlags } from "./registry_flags.ts";
import { mergeMetadata, type Metadata, takeMetadata } from "./registry_metadata.ts";
import { UsageError } from "../usage.ts";
import { duration, json, portRange, servicePort } from "../values.ts";

/** What was asked for. */
export interface RegisterFlags extends HubFlags {
  readonly host?: string;
  readonly port?: number;
  readonly range?: readonly [number, number];
  readonly id?: string;
  readonly meta?: unknown;
  readonly check?: string;
  readonly checkEvery: number;
}

/** Makes the command. */
export function registerCommand(): Command {
  const command = new RegisterCommand(
    "register",
    "run a service and register it while it runs; without a command, register one that runs elsewhere",
  );
  return command
    .usage(
      "[OPTIONS] HUB NAME[@VERSION] -- COMMAND...\n       sluice registry register [OPTIONS] --port PORT HUB NAME[@VERSION]",
    )
    .argument("<name>", "the service, such as web@1.2.3")
    .allowExcessArguments()
    .addOption(flag("--port <port>", "port of the service (default: a free one)", servicePort))
    .addOption(flag("--range <a-b>", "where to look for a free port (default: 10000-65535)", portRange))
    .option("--host <host>", "host under which others reach it (default: the address that the hub sees)")
    .option("--id <id>", "id of the registration (default: one that nobody can guess)")
    .addOption(flag("--meta <json>", "metadata, a JSON object; --meta.NAME=VALUE gives one, JSON or text", json))
    .addOption(new Option("--check <how>", "let the hub look whether it is there: tcp, or http:/PATH"))
    .addOption(
      flag("--check-every <time>", "how often it looks", duration).default(
        limits.registryCheckMs,
        `${limits.registryCheckMs / 1000}s`,
      ),
    )
    .action((hubs: string, name: string, flags: RegisterFlags) => register(hubs, name, flags, command));
}

/** What stands behind `--` is the service's own, and no two services have the same metadata. */
class RegisterCommand extends HubCommand {
  metadata: Metadata = {};
  service: readonly string[] = [];

  override parseOptions(args: string[]): ParseOptionsResult {
    const end = args.indexOf("--");
    this.service = end === -1 ? [] : args.slice(end + 1);
    const { others, metadata } = takeMetadata(end === -1 ? args : args.slice(0, end));
    this.metadata = metadata;
    return super.parseOptions(others);
  }
}

async function register(hubs: string, name: string, flags: RegisterFlags, command: RegisterCommand): Promise<void> {
  const { args, metadata, service: [program, ...rest] } = command;
  if (args.length > 2) {
    throw new UsageError(
      `Cannot tell what ${args[2]} is: the command of a service stands behind --, as in -- ${args[2]}`,
    );
  }
  if (program === undefined && flags.port === undefined) {
    throw new UsageError(
      "Cannot register a service that runs elsewhere without --port; or say -- and the command to run",
    );
  }
  if (flags.port !== undefined && flags.range) throw new UsageError("--port and --range contradict each other");
  const check = readCheck(flags);
  const options = { ...mergeMetadata(flags.meta, metadata), host: flags.host, id: flags.id, ...check && { check } };
  const { keepRegistered } = await import("./registry_keeper.ts");
  await keepRegistered({
    hubs,
    flags,
    name,
    options,
    port: flags.port,
    range: flags.range,
    command: program === undefined ? undefined : [program, ...rest],
  });
}

function readCheck({ check, checkEvery: everyMs }: RegisterFlags): ServiceCheck | undefined {
  if (check === undefined) return undefined;
  if (check === "tcp") return { tcp: true, everyMs };
  if (check.startsWith("http:/")) return { http: check.slice("http:".length), everyMs };
  throw new UsageError(`Cannot check a service by ${check}: it is tcp, or http:/PATH`);
}
