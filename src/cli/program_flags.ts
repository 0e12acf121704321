/** What the commands share that run programs: their flags, and the options that these are. */

import { type Command, Option } from "commander";
import { createLog, type Log, silent } from "../log.ts";
import { limits } from "../limits.ts";
import type { Mode } from "../process/command.ts";
import type { ProgramHandler } from "../process/program.ts";
import type { ProgramOptions } from "../process/program_options.ts";
import { flag } from "./flag.ts";
import { loadLanguages } from "./language_file.ts";
import { writeStderr } from "./output.ts";
import { asUsage, UsageError } from "./usage.ts";
import { bytes, count, countOrNone, environmentEntry, milliseconds } from "./values.ts";

/** Flags of each of them. */
export interface ProgramFlags {
  readonly timeout: number;
  readonly idleTimeout?: number;
  readonly language?: string;
  readonly languages?: string;
  readonly watch: boolean;
  readonly mode?: Mode;
  readonly cgi: boolean;
  readonly maxConcurrency: number;
  readonly queue: number;
  readonly maxBody?: number;
  readonly env: Record<string, string>;
  readonly cwd?: string;
  readonly type?: string;
  readonly dev: boolean;
  readonly log: "human" | "json" | "none";
  readonly warm?: number;
  readonly reuse: number;
}

/** Adds these flags to a command. */
export function addProgramFlags(command: Command): Command {
  for (const option of [...timeFlags(), ...wayFlags(), ...boundFlags(), ...surroundingFlags(), ...warmFlags()]) {
    command.addOption(option);
  }
  return command;
}

function timeFlags(): Option[] {
  return [
    flag(
      "-t, --timeout <ms>",
      "limit of a whole request, 0 for none",
      milliseconds,
      limits.timeoutMs,
      "SLUICE_TIMEOUT",
    ),
    flag("--idle-timeout <ms>", "limit of a time in which no byte moves (default: --timeout)", milliseconds)
      .env("SLUICE_IDLE_TIMEOUT"),
  ];
}

/** How a program is run. */
function wayFlags(): Option[] {
  const modes = ["plain", "cgi", "service"];
  return [
    new Option("-l, --language <name>", "language of the program (default: by its extension); see `sluice languages`"),
    new Option("--languages <file>", "file that adds languages (TOML, YAML or JSON)"),
    new Option("-w, --watch", "build compiled programs again when their source has changed").default(false),
    new Option("--mode <mode>", "how the program speaks: docs/programs.md").choices(modes),
    new Option("--cgi", "the same as --mode cgi: the program writes a CGI response head").default(false),
  ];
}

function boundFlags(): Option[] {
  const { concurrency, queue } = limits;
  return [
    flag("--max-concurrency <n>", "processes at a time", count, concurrency, "SLUICE_MAX_CONCURRENCY"),
    flag("--queue <n>", "requests that wait; more get 503", countOrNone, queue, "SLUICE_QUEUE"),
    flag("--max-body <size>", "largest request body, such as 10m (default: no limit)", bytes).env("SLUICE_MAX_BODY"),
  ];
}

function surroundingFlags(): Option[] {
  return [
    flag("--env <name[=value]>", "variable for the program; repeatable", environmentEntry).default({}, "none"),
    new Option("--cwd <folder>", "working directory of the program"),
    new Option("--type <type>", "content type of answers that name none (default: text/plain; charset=utf-8)"),
    new Option("--dev", "show errors and standard error to the client").default(false),
    new Option("--log <format>", "access log and standard error").choices(["human", "json", "none"]).default("human"),
  ];
}

function warmFlags(): Option[] {
  const warm = "processes that wait, forked or started ahead, at most; 0 for none (default: by language)";
  return [
    flag("--warm <n>", warm, countOrNone, undefined, "SLUICE_WARM"),
    flag("--reuse <n>", "requests that a warm process serves: more than 1 is less isolated", count, 1),
  ];
}

/** Where events and standard error go. */
export function logOf({ log }: ProgramFlags): Log {
  return log === "none" ? silent : createLog({ format: log });
}

/**
 * The options that flags are.
 *
 * @param share one of how many that share the bounds
 * @throws {UsageError} when flags contradict each other
 * @throws {Error} for a file that can't be used
 */
export function programOptions(flags: ProgramFlags, log: Log, share = 1): Omit<ProgramOptions, "file" | "command"> {
  if (flags.cgi && flags.mode !== undefined && flags.mode !== "cgi") {
    throw new UsageError(`--cgi and --mode ${flags.mode} contradict each other`);
  }
  const languages = loadLanguages(flags.languages);
  if (flags.language !== undefined) asUsage(() => languages.named(flags.language!));
  return {
    languages,
    language: flags.language,
    mode: flags.cgi ? "cgi" : flags.mode,
    cwd: flags.cwd,
    env: flags.env,
    timeoutMs: flags.timeout,
    idleTimeoutMs: flags.idleTimeout,
    watch: flags.watch,
    warm: flags.warm ?? true,
    reuse: flags.reuse,
    dev: flags.dev,
    contentType: flags.type,
    log,
    limits: {
      concurrency: Math.ceil(flags.maxConcurrency / share),
      queue: Math.ceil(flags.queue / share),
      bodyBytes: flags.maxBody ?? limits.bodyBytes,
    },
  };
}

/**
 * Builds it, if that is needed, and starts what is kept warm.
 *
 * @throws {Error} with what a compiler said
 */
export async function prepare(handler: ProgramHandler): Promise<void> {
  try {
    await handler.prepare();
  } catch (error) {
    const output = (error as { stderr?: string }).stderr;
    throw output ? new Error(`${(error as Error).message}\n${output.trimEnd()}`, { cause: error }) : error;
  }
}

/** Says in one line whether requests will find warm processes. */
export function sayHowStarted(command: string, { title, language, warm, waiting }: ProgramHandler): void {
  if (!warm) return;
  const cold = warm.kind === "refused" || warm.kind === "failed";
  const cost = waiting ? ` (${waiting.count} wait, ${(waiting.ownBytes / 2 ** 20).toFixed(1)} MiB each)` : "";
  const how = cold ? `started cold: ${warm.why}` : `kept warm: a fresh ${language} process for each request${cost}`;
  writeStderr(`sluice ${command}: ${title} is ${how}\n`);
}
