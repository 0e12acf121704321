/** Programs as handlers: `program(options)` for one that is run often, `spawn(request, options)` for one run. */

import { describeExit, HttpError, ProgramError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import { Budget } from "../http/budget.ts";
import type { Handler, RequestInfo } from "../http/handler.ts";
import { errorResponse } from "../http/problem.ts";
import { requestId } from "../http/request_id.ts";
import { limits as defaults } from "../limits.ts";
import { type Command, type Mode, resolveCommand } from "./command.ts";
import { Gate, overloaded } from "./gate.ts";
import { OutputLines } from "./output_lines.ts";
import { type ProgramOptions, type ProgramSettings, settle, type StartReport } from "./program_options.ts";
import { warmLauncher, whyInexact } from "./launchers.ts";
import { clientGone, Run, type RunResult, shuttingDown } from "./run.ts";
import { lazyFolder } from "./run_folder.ts";
import { runVariables } from "./run_variables.ts";
import { costOfWaiting, type KeepingLauncher, type WaitingProcesses, type WarmState } from "./warm/keep_warm.ts";
import { UnderWay } from "./under_way.ts";

/** A handler that runs a program for each request. Disposing it stops its processes and waits for their end. */
export interface ProgramHandler extends Handler, AsyncDisposable {
  /** What to call the program in logs. */
  readonly title: string;
  /** Name of its language; undefined for a command. */
  readonly language: string | undefined;
  /** How it speaks. */
  readonly mode: Mode;
  /** How its runs are started at the moment; undefined where they are never warm. */
  readonly warm: WarmState | undefined;
  /** What the processes cost that wait for a request at the moment; undefined when none does. */
  readonly waiting: WaitingProcesses | undefined;
  /**
   * Builds the program if its language is compiled, and loads it where it is kept warm; else the first request does.
   *
   * @throws {ProgramError} `build` with the compiler's output
   */
  prepare(): Promise<void>;
}

/**
 * Makes a handler that starts one fresh process a request.
 *
 * @param options what to run, and how
 * @returns a handler that never rejects: failures are problem details (RFC 9457) with 400, 413, 415, 502, 503 or 504
 * @throws {TypeError} contradicting options, unknown language, missing interpreter
 * @throws {Deno.errors.NotFound} missing file
 *
 * @example Mount a program in a server
 * ```ts
 * import { program } from "@sluice/sluice";
 *
 * await using shout = program({ command: ["tr", "a-z", "A-Z"] });
 * const response = await shout(new Request("http://localhost/", { method: "POST", body: "hello" }));
 * console.log(await response.text()); // HELLO
 * ```
 */
export function program(options: ProgramOptions): ProgramHandler {
  const running = new Program(options);
  const handler: Handler = (request, info) => running.handle(request, info);
  const { title, language, mode } = running.command;
  Object.defineProperties(handler, {
    warm: { get: () => running.warm?.state },
    waiting: { get: () => running.warm && costOfWaiting(running.warm) },
  });
  return Object.assign(handler as Handler & Pick<ProgramHandler, "warm" | "waiting">, {
    title,
    language,
    mode,
    prepare: () => running.prepare(),
    [Symbol.asyncDispose]: () => running.close(),
  });
}

/**
 * Runs a program for one request.
 *
 * @param request its body goes to standard input, its signal stops the process
 * @param options what to run, and how
 * @throws {TypeError} contradicting options, unknown language, missing interpreter
 * @throws {Deno.errors.NotFound} missing file
 *
 * @example Run a line of shell
 * ```ts
 * import { spawn } from "@sluice/sluice";
 *
 * const request = new Request("http://localhost/?name=Ada");
 * const response = await spawn(request, { code: 'echo "hello $PARAM_name"', language: "sh" });
 * console.log(await response.text()); // hello Ada
 * ```
 */
export async function spawn(request: Request, options: ProgramOptions): Promise<Response> {
  return await new Program({ ...options, warm: 0 }).handle(request);
}

/** Processes that wait for a request at most, unless a user says how many. */
const SPARES = { fork: 16, ahead: 2 * navigator.hardwareConcurrency } as const;

class Program {
  readonly command: Command;
  readonly #settings: ProgramSettings;
  /** What all runs see, besides their requests. */
  readonly #env: Readonly<Record<string, string>>;
  readonly #gate: Gate;
  readonly #memory = new Budget(defaults.parsedBytesInAll);
  readonly #files = new Budget(defaults.filesBytesInAll);
  /** Starts its runs warm; undefined where they are always cold. */
  readonly warm: KeepingLauncher | undefined;
  readonly #closing = new AbortController();
  /** Aborts when the program is closed, or its user's signal says so. */
  readonly #signal: AbortSignal;
  /** Answers that are being made, and processes that have not ended. */
  readonly #underWay = new UnderWay();

  constructor(options: ProgramOptions) {
    this.#settings = settle(options);
    this.command = resolveCommand(options, this.#settings.languages);
    this.#env = { ...this.command.env, ...this.#settings.env };
    this.warm = this.#warmLauncher();
    this.#tellOptions(options);
    this.#gate = new Gate({ ...this.#settings.limits, onWaiting: this.#settings.onQueue });
    this.#signal = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal;
  }

  /** Builds and loads what can be before the first request. */
  async prepare(): Promise<void> {
    await this.command.argv(false);
    await this.warm?.prepare();
  }

  /** Answers a request; failures are answers too. */
  async handle(request: Request, info: RequestInfo = {}): Promise<Response> {
    const id = requestId(request.headers);
    let response: Response;
    try {
      const answer = this.#answer(request, info, id);
      this.#underWay.add(answer);
      response = await answer;
    } catch (thrown) {
      const error = this.#explain(thrown, request);
      this.#report(error, id);
      response = errorResponse(error, this.#settings);
    }
    response.headers.set("x-request-id", id);
    return response;
  }

  /** Stops all that is under way and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#underWay.settled();
    await this.warm?.[Symbol.asyncDispose]();
  }

  #warmLauncher(): KeepingLauncher | undefined {
    const { warm } = this.command;
    const { warm: wanted, reuse, cwd, limits, log } = this.#settings;
    if (!warm || wanted === 0) return undefined;
    const program = this.command.title;
    const output = new OutputLines("output", (line) => log("warn", line, { program, stream: "warm parent" }), 0);
    return warmLauncher({
      ...warm,
      env: this.#env,
      reuse,
      cwd,
      sources: cwd === undefined ? warm.sources : [...warm.sources, cwd],
      sparesMax: wanted === true ? SPARES[warm.how] : wanted,
      runsMax: limits.concurrency,
      onOutput: (chunk) => output.push(chunk),
      onEvent: (level, message) => log(level, `${program}: ${message}`),
    });
  }

  /** Says once what comes of options that can't be had together, or not here. */
  #tellOptions({ warm, launcher, exactUsage }: ProgramOptions): void {
    const program = this.command.title;
    if (this.command.warm && warm && !launcher && this.#settings.warm === 0) {
      this.#settings.log("info", "its runs are cold: warm ones can't be limited or measured exactly", { program });
    }
    const why = exactUsage && !launcher && whyInexact();
    if (why) this.#settings.log("warn", "the memory of its processes can't be measured exactly", { program, why });
  }

  /** What broke off with a signal's reason broke off because of who aborted it. */
  #explain(error: unknown, request: Request): unknown {
    if (error instanceof HttpError || error instanceof ProgramError) return error;
    if (this.#signal.aborted) return shuttingDown();
    return request.signal.aborted ? clientGone(error) : error;
  }

  async #answer(request: Request, info: RequestInfo, id: string): Promise<Response> {
    if (this.#signal.aborted) throw shuttingDown();
    if (this.#gate.full) throw overloaded();
    // What a run holds, let go in reverse: its place at the gate, its directory.
    await using held = new AsyncDisposableStack();
    const directory = lazyFolder(held);
    const signal = AbortSignal.any([request.signal, this.#signal]);
    const body = await readBody(request, {
      ...this.#settings.limits,
      parse: ({ plain: "small", cgi: "none", service: "all" } as const)[this.command.mode],
      directory,
      signal,
      timeoutMs: this.#settings.timeoutMs,
      memory: held.use(this.#memory.claim()),
      files: held.use(this.#files.claim()),
    });
    const argv = await this.command.argv(this.#settings.watch);
    held.use(await this.#gate.enter(signal));
    const variables = await runVariables({ id, request, info, body, mount: this.#settings.mount, directory });
    const { onStdout } = this.#settings;
    const run = await Run.start(body.content, {
      ...this.#settings,
      launcher: this.warm ?? this.#settings.launcher,
      argv,
      env: this.#env,
      variables,
      head: ({ plain: "none", cgi: "cgi", service: "http" } as const)[this.command.mode],
      stderrTailBytes: this.#settings.limits.stderrBytes,
      onStderrLine: (line) => this.#settings.onStderr(line, id),
      onStdout: onStdout && ((chunk) => onStdout(chunk, id)),
    });
    this.#follow(run, request.signal, id, held.move());
    return await run.answer(request.method);
  }

  /** Ties a run to those who may end it, and lets go of what it held when it has. */
  #follow(run: Run, client: AbortSignal, id: string, held: AsyncDisposableStack): void {
    const started = performance.now();
    const start = { requestId: id, pid: run.pid, title: this.command.title, startedAt: Date.now() };
    this.#settings.onStart(start);
    const leave = () => run.leave();
    const close = () => run.stop(shuttingDown());
    client.addEventListener("abort", leave, { once: true });
    this.#signal.addEventListener("abort", close, { once: true });
    if (client.aborted) leave();
    if (this.#signal.aborted) close();
    const ended = this.#untilReleased(run, held).then((result) => {
      client.removeEventListener("abort", leave);
      this.#signal.removeEventListener("abort", close);
      this.#exited(result, start, performance.now() - started);
    }).catch((error) => this.#report(error, id));
    this.#underWay.add(ended);
  }

  async #untilReleased(run: Run, held: AsyncDisposableStack): Promise<RunResult> {
    await using _held = held;
    return await run.done;
  }

  #exited({ exit, begun, ...result }: RunResult, start: StartReport, durationMs: number): void {
    const { error } = result;
    // What failed before is the answer, and logged with it; that a client left is the client's doing.
    if (begun && !(error instanceof HttpError) && (error || exit.code !== 0)) {
      this.#settings.log("warn", `program ended with ${describeExit(exit)} after its answer had begun`, {
        request: start.requestId,
        program: start.title,
        cause: error?.message,
      });
    }
    this.#settings.onExit({ ...start, durationMs, ...exit, ...result });
  }

  #report(error: unknown, request: string): void {
    if (error instanceof HttpError) return; // the client's doing: the access log has its status
    const message = error instanceof Error ? error.message : String(error);
    const stderr = error instanceof ProgramError && error.code === "build" ? error.stderr : undefined;
    this.#settings.log("error", message, { request, program: this.command.title, stderr });
  }
}
