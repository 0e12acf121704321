/** What the commands share that run programs: the options that their flags are, and what is said of a program. */

import { basename } from "node:path";
import type { Log } from "../../log.ts";
import { limits } from "../../limits.ts";
import type { Languages } from "../../process/languages.ts";
import type { ProgramHandler } from "../../process/program.ts";
import type { ProgramOptions } from "../../process/program_options.ts";
import { loadLanguages } from "./language_file.ts";
import { telling } from "../terminal/lasting.ts";
import { tellStderr } from "../output.ts";
import type { ProgramFlags } from "./program_flags.ts";
import { asUsage, UsageError } from "../usage.ts";

/**
 * The options that flags are.
 *
 * @param share one of how many that share the bounds
 * @throws {UsageError} when flags contradict each other
 * @throws {Error} for a file that can't be used
 */
export function programOptions(
  flags: ProgramFlags,
  log: Log,
  share = 1,
): Omit<ProgramOptions, "file" | "command"> & { readonly languages: Languages } {
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

/** What is done while programs are made ready. */
export interface PrepareOptions {
  /** Such as `serve`: a person is told what is built; undefined when somebody else is told. */
  readonly command?: string;
  readonly languages: Languages;
  /** Resolves when nobody waits for it any more. */
  readonly told?: Promise<void>;
}

/**
 * Builds programs, where that is needed, and starts what is kept warm.
 *
 * @returns false when it was told to stop before
 * @throws {Error} with what a compiler said
 */
export async function prepareAll(
  handlers: readonly ProgramHandler[],
  { command, languages, told }: PrepareOptions,
): Promise<boolean> {
  const done = Promise.all(handlers.map(prepare)).then(() => true);
  const task = told ? Promise.race([done, told.then(() => false)]) : done;
  const built = handlers.filter(({ language }) => language !== undefined && languages.named(language).build);
  if (command === undefined || built.length === 0) return await task;
  return await telling(`sluice ${command}: building ${built.map(({ title }) => basename(title)).join(", ")}`, task);
}

async function prepare(handler: ProgramHandler): Promise<void> {
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
  tellStderr(`sluice ${command}: ${title} is ${how}\n`);
}
