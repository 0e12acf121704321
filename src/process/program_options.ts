/** What a program's user may say, and the checks of it. */

import type { Exit } from "../errors.ts";
import { checkMount } from "../http/mount.ts";
import { limits as defaults } from "../limits.ts";
import { type Log, silent } from "../log.ts";
import type { CommandOptions } from "./command.ts";
import { inheritedEnvironment } from "./environment.ts";
import { Languages } from "./languages.ts";
import type { Launcher, ResourceUsage } from "./launcher.ts";
import { defaultLauncher } from "./launchers.ts";
import { LimitedLauncher } from "./limited_launcher.ts";
import { checkVariables } from "./prelude.ts";
import { checkProcessLimits, type ProcessLimits } from "./process_limits.ts";

/** Bounds that a program's user may want otherwise; sizes in bytes. */
export interface ProgramLimits {
  /** Any request body. Default: none, because bodies are streamed. */
  readonly bodyBytes?: number;
  /** A JSON or form body, held in memory to be parsed. Default 8 MiB. */
  readonly parsedBodyBytes?: number;
  /** All files of a multipart form. Default 256 MiB. */
  readonly formFilesBytes?: number;
  /** The end of standard error kept for errors. Default 8 KiB. */
  readonly stderrBytes?: number;
  /** Processes at a time. Default 256. */
  readonly concurrency?: number;
  /** Requests that wait for a process. Default 1024. */
  readonly queue?: number;
}

/** Which process has started for a request; given to `onStart`. */
export interface StartReport {
  /** `X-Request-Id` of the answer. */
  readonly requestId: string;
  /** Process id that it has. */
  readonly pid: number;
  /** What to call the program in logs. */
  readonly title: string;
  /** When it was started, milliseconds since 1970. */
  readonly startedAt: number;
}

/** What one request's process did; given to `onExit` when all it held has been let go. */
export interface ExitReport extends Exit, StartReport {
  /** From the start of the process to its end. */
  readonly durationMs: number;
  /** Where the launcher knows it: not with `Deno.Command`. */
  readonly usage: ResourceUsage | undefined;
  /** The most that it and its descendants had in memory at a time, bytes; known where a control group bounds it. */
  readonly memoryPeakBytes: number | undefined;
  /** Bytes read of its standard output, with the head that it wrote. */
  readonly stdoutBytes: number;
  /** Bytes it wrote to standard error. */
  readonly stderrBytes: number;
  /** The last of what it wrote to standard error. */
  readonly stderrTail: string;
  /** Why the run failed or was stopped; undefined when it went well. */
  readonly error: Error | undefined;
}

/** Options of {@linkcode program} and {@linkcode spawn}. */
export interface ProgramOptions extends CommandOptions {
  /** Languages to choose from; the built-in ones by default. */
  readonly languages?: Languages;
  /** Working directory of the program; the server's own by default. */
  readonly cwd?: string;
  /** Variables besides the allow-list (docs/programs.md). Request variables win over them. */
  readonly env?: Readonly<Record<string, string>>;
  /** Limit of a whole run, milliseconds; 0 for none. Default 10 000. */
  readonly timeoutMs?: number;
  /** Limit of a time in which no byte moves, milliseconds; 0 for none. Default: `timeoutMs`. */
  readonly idleTimeoutMs?: number;
  /** Stops every run and refuses new ones. */
  readonly signal?: AbortSignal;
  /** Bounds on bodies and processes. */
  readonly limits?: ProgramLimits;
  /** Path prefix that the program is mounted at, such as `/api`: `SCRIPT_NAME`; the rest is `PATH_INFO`. */
  readonly mount?: string;
  /** Type of answers whose program names none. Default `text/plain; charset=utf-8`. */
  readonly contentType?: string;
  /** Show inner messages and standard error to the client. */
  readonly dev?: boolean;
  /** Look at each request whether a compiled program's source has changed. */
  readonly watch?: boolean;
  /** Takes events: failures, and what programs write to standard error. */
  readonly log?: Log;
  /** Takes each line of standard error; without it they go to `log`. */
  readonly onStderr?: (line: string, requestId: string) => void;
  /** Takes each chunk of standard output as it was read, with the head that the program wrote; it must not change it. */
  readonly onStdout?: (chunk: Uint8Array, requestId: string) => void;
  /** Told how many requests wait for a process, whenever it changes. */
  readonly onQueue?: (waiting: number) => void;
  /** Told when a process has started. */
  readonly onStart?: (report: StartReport) => void;
  /** Takes a report when a process has ended and nothing of it is left. */
  readonly onExit?: (report: ExitReport) => void;
  /**
   * Keep the interpreter warm, where the language can be: so many processes wait for a request at most; `true` for 16 where
   * they are forked, and two for each core where they are started ahead, which costs more. They live until the handler is
   * disposed. Default 0: each run starts the interpreter anew.
   */
  readonly warm?: number | true;
  /** Requests that a warm process serves before it ends. Default 1: every request has a fresh process. */
  readonly reuse?: number;
  /** Bounds on each process. They are set by a shell before the program begins, so that its runs are never warm. */
  readonly resources?: ProcessLimits;
  /**
   * Report the program's own largest resident set, down to 2.5 MiB. Without it, what is reported is at least the server's. It
   * takes Linux, FFI and Perl, some milliseconds a run, and its runs are never warm.
   */
  readonly exactUsage?: boolean;
  /** Another way to start processes; without it, warm ones are not. */
  readonly launcher?: Launcher;
}

/** Options with every default filled in and every value checked. */
export interface ProgramSettings {
  readonly languages: Languages;
  readonly cwd: string | undefined;
  /** All that a program sees besides its request. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly limits: Required<ProgramLimits>;
  /** Without a slash at its end. */
  readonly mount: string;
  readonly contentType: string;
  readonly dev: boolean;
  readonly watch: boolean;
  readonly log: Log;
  readonly onStderr: (line: string, requestId: string) => void;
  readonly onStdout: ((chunk: Uint8Array, requestId: string) => void) | undefined;
  readonly onQueue: ((waiting: number) => void) | undefined;
  readonly onStart: (report: StartReport) => void;
  readonly onExit: (report: ExitReport) => void;
  /** 0 also where the runs can't be warm. */
  readonly warm: number | true;
  readonly reuse: number;
  readonly exactUsage: boolean;
  /** Sets the limits, too. */
  readonly launcher: Launcher;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws {TypeError} for a name or path that can't be
 * @throws {RangeError} for a number out of bounds
 */
export function settle(options: ProgramOptions): ProgramSettings {
  const timeoutMs = checkedMs("timeoutMs", options.timeoutMs ?? defaults.timeoutMs);
  const log = options.log ?? silent;
  const resources = checkProcessLimits(options.resources ?? {});
  const exactUsage = options.exactUsage ?? false;
  const launcher = options.launcher ?? defaultLauncher();
  const env = checkedEnvironment(options.env ?? {});
  if (resources) checkVariables(env);
  const warm = options.warm === true || checkedCount("warm", options.warm ?? 0, 0);
  const isCold = options.launcher !== undefined || resources !== undefined || exactUsage;
  return {
    languages: options.languages ?? new Languages(),
    cwd: checkedFolder(options.cwd),
    env: { ...inheritedEnvironment(), ...env },
    timeoutMs,
    idleTimeoutMs: checkedMs("idleTimeoutMs", options.idleTimeoutMs ?? timeoutMs),
    limits: settleLimits(options.limits ?? {}),
    mount: checkMount(options.mount ?? ""),
    contentType: checkedType(options.contentType ?? "text/plain; charset=utf-8"),
    dev: options.dev ?? false,
    watch: options.watch ?? false,
    log,
    onStderr: options.onStderr ?? ((line, request) => log("info", line, { request, stream: "stderr" })),
    onStdout: options.onStdout,
    onQueue: options.onQueue,
    onStart: options.onStart ?? (() => {}),
    onExit: options.onExit ?? (() => {}),
    warm: isCold ? 0 : warm,
    reuse: checkedCount("reuse", options.reuse ?? 1, 1),
    exactUsage,
    launcher: resources ? new LimitedLauncher(launcher, { limits: resources, log }) : launcher,
  };
}

function checkedEnvironment(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(env)) {
    if (name === "" || /[=\0]/.test(name) || value.includes("\0")) {
      throw new TypeError(`Cannot set the environment variable ${JSON.stringify(name)}: it holds "=" or a NUL byte`);
    }
  }
  return env;
}

function checkedFolder(path: string | undefined): string | undefined {
  if (path === undefined || Deno.statSync(path).isDirectory) return path;
  throw new TypeError(`Cannot use the working directory ${path}: it is not a folder`);
}

function checkedType(type: string): string {
  try {
    new Headers({ "content-type": type });
  } catch (cause) {
    throw new TypeError(`Cannot use the content type ${JSON.stringify(type)}`, { cause });
  }
  return type;
}

function checkedMs(name: string, ms: number): number {
  if (!Number.isFinite(ms) || ms < 0 || ms >= 2 ** 31) {
    throw new RangeError(`Cannot use ${name} ${ms}: it is a number of milliseconds from 0 (none) to 2147483647`);
  }
  return ms;
}

function checkedCount(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`Cannot use ${name} ${value}: it is a whole number from ${least}`);
}

function settleLimits(given: ProgramLimits): Required<ProgramLimits> {
  const settled = {
    bodyBytes: defaults.bodyBytes,
    parsedBodyBytes: defaults.parsedBodyBytes,
    formFilesBytes: defaults.formFilesBytes,
    stderrBytes: defaults.stderrTailBytes,
    concurrency: defaults.concurrency,
    queue: defaults.queue,
    ...given,
  };
  for (const [name, value] of Object.entries(settled)) {
    const least = name === "concurrency" ? 1 : 0;
    if (!(value >= least) || (value !== Infinity && !Number.isInteger(value))) {
      throw new RangeError(`Cannot use limit ${name} ${value}: it is a whole number from ${least}`);
    }
  }
  return settled;
}
