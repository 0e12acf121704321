/** `sluice serve`: programs as an HTTP service. */

import { Command, Option } from "commander";
import { existsSync } from "node:fs";
import { mountAll } from "../http/mount.ts";
import type { Handler } from "../http/handler.ts";
import { type HttpServer, serveHttp, type ServeOptions } from "../http/node_server.ts";
import { createLog, type Log, silent } from "../log.ts";
import { limits } from "../limits.ts";
import type { Mode } from "../process/command.ts";
import { raiseDescriptorLimit } from "../process/libc.ts";
import { program, type ProgramHandler } from "../process/program.ts";
import type { ProgramOptions } from "../process/program_options.ts";
import { announce, logAccess } from "./announce.ts";
import { flag } from "./flag.ts";
import { assignment, onOthersStopped, reportListening, runInIsolates } from "./isolates.ts";
import { loadLanguages } from "./language_file.ts";
import { runOnce } from "./once.ts";
import { writeStderr } from "./output.ts";
import { INTERRUPTED, StopSignals } from "./signals.ts";
import { parseMounts, target } from "./target.ts";
import { asUsage, UsageError } from "./usage.ts";
import { bytes, count, countOrNone, environmentEntry, milliseconds, port } from "./values.ts";

interface ServeFlags {
  readonly port: number;
  readonly host: string;
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
  readonly workers: number;
  readonly once: boolean;
}

/** How many ports after a taken one are tried. */
const PORTS_TRIED = 100;
/** How long requests under way may take when the server is told to stop. */
const GRACE_MS = 5000;

/**
 * Makes the command.
 *
 * @param commands names of all commands, for a hint when a program is not found
 */
export function serveCommand(commands: () => string[]): Command {
  return new Command("serve")
    .description("serve a program: one fresh process a request, its stdin and stdout as the bodies")
    .usage("[OPTIONS] PROGRAM [ARGS...]\n       sluice serve [OPTIONS] /PATH=PROGRAM...")
    .argument("<program>", "a source file, a folder with package.json, an executable, or a command on PATH")
    .argument("[args...]", "arguments of the program, or more /PATH=PROGRAM")
    .passThroughOptions()
    .helpOption("-h, --help", "show this help")
    .addOption(flag("-p, --port <port>", "port; the next free one if taken, 0 for any", port, 3000, "SLUICE_PORT"))
    .addOption(flag("-H, --host <address>", "address to listen on", String, "127.0.0.1", "SLUICE_HOST"))
    .addOption(
      flag(
        "-t, --timeout <ms>",
        "limit of a whole request, 0 for none",
        milliseconds,
        limits.timeoutMs,
        "SLUICE_TIMEOUT",
      ),
    )
    .addOption(
      flag("--idle-timeout <ms>", "limit of a time in which no byte moves (default: --timeout)", milliseconds)
        .env("SLUICE_IDLE_TIMEOUT"),
    )
    .option("-l, --language <name>", "language of the program (default: by its extension); see `sluice languages`")
    .option("--languages <file>", "file that adds languages (TOML, YAML or JSON)")
    .option("-w, --watch", "build compiled programs again when their source has changed", false)
    .addOption(
      new Option("--mode <mode>", "how the program speaks: docs/programs.md").choices(["plain", "cgi", "service"]),
    )
    .option("--cgi", "the same as --mode cgi: the program writes a CGI response head", false)
    .addOption(
      flag("--max-concurrency <n>", "processes at a time", count, limits.concurrency, "SLUICE_MAX_CONCURRENCY"),
    )
    .addOption(flag("--queue <n>", "requests that wait; more get 503", countOrNone, limits.queue, "SLUICE_QUEUE"))
    .addOption(
      flag("--max-body <size>", "largest request body, such as 10m (default: no limit)", bytes).env("SLUICE_MAX_BODY"),
    )
    .addOption(
      new Option("--env <name[=value]>", "variable for the program; repeatable").argParser(environmentEntry).default(
        {},
        "none",
      ),
    )
    .option("--cwd <folder>", "working directory of the program")
    .option("--type <type>", "content type of answers that name none (default: text/plain; charset=utf-8)")
    .option("--dev", "show errors and standard error to the client", false)
    .addOption(
      new Option("--log <format>", "access log and standard error").choices(["human", "json", "none"]).default("human"),
    )
    .addOption(
      flag(
        "--warm <n>",
        "processes that wait, forked or started ahead, at most; 0 for none (default: by language)",
        countOrNone,
        undefined,
        "SLUICE_WARM",
      ),
    )
    .addOption(flag("--reuse <n>", "requests that a warm process serves: more than 1 is less isolated", count, 1))
    .addOption(
      flag("--workers <n>", "isolates that share the port; one fills two cores", count, 1, "SLUICE_WORKERS"),
    )
    .option("--once", "run once: standard input to the program, its output to standard output", false)
    .action((first: string, rest: string[], flags: ServeFlags) => serve(commands(), [first, ...rest], flags));
}

async function serve(commands: string[], words: readonly string[], flags: ServeFlags): Promise<void> {
  const log = flags.log === "none" ? silent : createLog({ format: flags.log });
  const options = programOptions(flags, log);
  if (flags.once) {
    await using handler = program({
      ...options,
      ...target(words, flags, commands),
      warm: 0,
      onLog: passOn,
      dev: true,
    });
    return await runOnce(handler);
  }
  const isolate = assignment();
  if (!isolate && words.length > 1 && words[1].startsWith("-") && words[1] !== "--" && existsSync(words[0])) {
    writeStderr(`sluice serve: ${words[1]} goes to ${words[0]}; options of serve stand before the program\n`);
  }
  if (!isolate) return exitUnlessDone(await runInIsolates(flags.workers));

  using signals = new StopSignals();
  onOthersStopped(() => signals.tell());
  {
    await using programs = new AsyncDisposableStack();
    const handlers: Record<string, ProgramHandler> = {};
    for (const { mount, words: its } of parseMounts(words)) {
      handlers[mount] = programs.use(program({ ...options, ...target(its, flags, commands), mount }));
    }
    await Promise.all(Object.values(handlers).map((handler) => prepare(handler)));
    const server = await listen(mountAll(handlers), {
      hostname: flags.host,
      port: isolate.port ?? flags.port,
      reusePort: isolate.shared,
      connections: connectionsAllowed(flags.workers),
      dev: flags.dev,
      onAccess: (access) => logAccess(log, access),
    }, isolate.port === undefined);
    if (isolate.port === undefined) {
      Object.values(handlers).forEach(sayHowStarted);
      announce("serve", server);
      reportListening(server.port);
    }
    await signals.told;
    await server.close(GRACE_MS, signals.hurry);
  }
  if (signals.hurry.aborted) Deno.exit(INTERRUPTED);
}

/** A request takes a connection and up to four pipe ends: half of the descriptors for clients leaves room for those. */
function connectionsAllowed(workers: number): number | undefined {
  const descriptors = raiseDescriptorLimit();
  return descriptors && Math.max(1, Math.floor(descriptors / 2 / workers));
}

/** What an isolate that failed has said need not be said again. */
function exitUnlessDone(code: number): void {
  if (code !== 0) Deno.exit(code);
}

function programOptions(flags: ServeFlags, log: Log): Omit<ProgramOptions, "file" | "command"> {
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
      concurrency: Math.ceil(flags.maxConcurrency / flags.workers),
      queue: Math.ceil(flags.queue / flags.workers),
      bodyBytes: flags.maxBody ?? limits.bodyBytes,
    },
  };
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
function sayHowStarted({ title, language, warm, waiting }: ProgramHandler): void {
  if (!warm) return;
  const cold = warm.kind === "refused" || warm.kind === "failed";
  const cost = waiting ? ` (${waiting.count} wait, ${(waiting.ownBytes / 2 ** 20).toFixed(1)} MiB each)` : "";
  const how = cold ? `started cold: ${warm.why}` : `kept warm: a fresh ${language} process for each request${cost}`;
  writeStderr(`sluice serve: ${title} is ${how}\n`);
}

/** Listens on the port asked for, or, if `choose`, on the next free one. */
async function listen(
  handler: Handler,
  options: ServeOptions & { readonly port: number },
  choose: boolean,
): Promise<HttpServer> {
  const last = !choose || options.port === 0 ? options.port : Math.min(options.port + PORTS_TRIED, 65535);
  for (let port = options.port;; port++) {
    try {
      // A shared port can be had by strangers who share it too: it counts as free only if we can have it alone.
      if (choose && options.reusePort) {
        await (await serveHttp(handler, { ...options, port, reusePort: false })).close(0);
      }
      return await serveHttp(handler, { ...options, port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || port >= last) throw error;
    }
  }
}

function passOn(line: string): void {
  writeStderr(line + "\n");
}
