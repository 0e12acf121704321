/** What the commands share that run programs: their flags. */

import { type Command, Option } from "commander";
import { limits } from "../../limits.ts";
import type { Mode } from "../../process/command.ts";
import { flag } from "../flag.ts";
import { logFlag, type LogFormat } from "../log_flag.ts";
import { bytes, count, countOrNone, environmentEntry, milliseconds } from "../values.ts";

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
  readonly log: LogFormat;
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
    logFlag("requests, and standard error of programs"),
  ];
}

function warmFlags(): Option[] {
  const warm = "processes that wait, forked or started ahead, at most; 0 for none (default: by language)";
  return [
    flag("--warm <n>", warm, countOrNone, undefined, "SLUICE_WARM"),
    flag("--reuse <n>", "requests that a warm process serves: more than 1 is less isolated", count, 1),
  ];
}
