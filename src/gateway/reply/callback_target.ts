/**
 * Programs that answer by callback: a request starts one, and waits until somebody posts the answer to the reply socket,
 * the program itself or whoever it handed its work to. It costs a process a request, as cron does.
 */

import { describeExit, HttpError, ProgramError } from "../../errors.ts";
import { readBody } from "../../http/body.ts";
import { Budget } from "../../http/budget.ts";
import type { Handler, RequestInfo } from "../../http/handler.ts";
import { errorResponse } from "../../http/problem.ts";
import { requestId } from "../../http/request_id.ts";
import { limits as defaults } from "../../limits.ts";
import { type Command, resolveCommand } from "../../process/command.ts";
import { Gate, overloaded } from "../../process/gate.ts";
import { Job, type JobResult } from "../../process/job.ts";
import { type ExitReport, type ProgramOptions, type ProgramSettings, settle } from "../../process/program_options.ts";
import { clientGone, shuttingDown } from "../../process/run.ts";
import { lazyFolder } from "../../process/run_folder.ts";
import { runVariables } from "../../process/run_variables.ts";
import type { CallbackConfig } from "../config/target_model.ts";
import { checkCallback } from "./check_callback.ts";
import { CallbackRun } from "./callback_run.ts";
import { parametersOf, replyVariables } from "./callback_variables.ts";
import { handOver, needsText, type Start } from "./hand_over.ts";
import { type Payload, takePayload } from "./payload.ts";
import type { PendingReplies } from "./pending_replies.ts";
import type { ReplyWaiter } from "./reply.ts";
import { UnderWay } from "../../process/under_way.ts";

/** What became of one request's process; told when nothing of it is left. */
export type CallbackReport = ExitReport;

/** Options of {@linkcode callbackTarget}: those of programs, and where they reply. */
export interface CallbackOptions extends
  Pick<
    ProgramOptions,
    | ("languages" | "timeoutMs" | "idleTimeoutMs" | "limits" | "mount" | "dev" | "log" | "launcher")
    | ("exactUsage" | "onQueue" | "onStart" | "onExit")
  > {
  /** Those who wait, of the whole gateway. */
  readonly replies: PendingReplies<ReplyWaiter>;
  /** Path of the socket that `replyHandler` of the same table listens on. */
  readonly socketPath: string;
  /** Told when the process that was started has ended; `onExit` waits for what it has started, too. */
  readonly onEnd?: (report: Pick<ExitReport, "requestId" | "usage" | "durationMs">) => void;
}

/**
 * Makes the handler of a route whose program replies by callback. Disposing it stops all jobs and waits for their end.
 *
 * @returns a handler that never rejects: failures are problem details with 400, 408, 413, 502, 503 or 504
 * @throws {TypeError} for what can't be run, or would run what a client sends
 * @throws {Deno.errors.NotFound} missing file or command
 */
export function callbackTarget(config: CallbackConfig, options: CallbackOptions): Handler & AsyncDisposable {
  const target = new CallbackTarget(config, options);
  const handler: Handler = (request, info) => target.handle(request, info);
  return Object.assign(handler, { [Symbol.asyncDispose]: () => target.close() });
}

class CallbackTarget {
  readonly #config: CallbackConfig;
  readonly #options: CallbackOptions;
  readonly #settings: ProgramSettings;
  readonly #command: Command;
  readonly #gate: Gate;
  readonly #memory = new Budget(defaults.parsedBytesInAll);
  readonly #files = new Budget(defaults.filesBytesInAll);
  readonly #closing = new AbortController();
  /** Answers that are being made, and jobs that have not ended. */
  readonly #underWay = new UnderWay();

  constructor(config: CallbackConfig, options: CallbackOptions) {
    const program = programOptions(config, options);
    this.#config = config;
    this.#options = options;
    this.#settings = settle(program);
    this.#command = resolveCommand(program, this.#settings.languages);
    this.#gate = new Gate({ ...this.#settings.limits, onWaiting: this.#settings.onQueue });
  }

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

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#underWay.settled();
  }

  async #answer(request: Request, info: RequestInfo, id: string): Promise<Response> {
    if (this.#closing.signal.aborted) throw shuttingDown();
    if (this.#gate.full) throw overloaded();
    // What a run holds, let go in reverse: its place at the gate, its directory.
    await using held = new AsyncDisposableStack();
    const directory = lazyFolder(held);
    const signal = AbortSignal.any([request.signal, this.#closing.signal]);
    const { timeoutMs, mount, limits } = this.#settings;
    const memory = held.use(this.#memory.claim());
    const files = held.use(this.#files.claim());
    const patience = { signal, timeoutMs, memory, files, directory };
    const body = await readBody(request, { ...limits, ...patience, parse: "small" });
    const params = parametersOf(request, info, body);
    const payload = await takePayload(request.method, body.content, params, {
      ...patience,
      channel: this.#config.channel,
      asText: needsText(this.#config),
      fileBytes: limits.formFilesBytes,
    });
    const { argv, variables } = handOver(this.#config, await this.#command.argv(false), payload);
    const own = await runVariables({ id, request, info, body, mount, directory });
    const place = held.use(await this.#gate.enter(signal));
    const run = this.#newRun(request.method);
    const ticket = this.#options.replies.open(run);
    const reply = replyVariables(request, ticket.token, this.#options.socketPath);
    const start = { argv, variables: { ...own, ...reply, ...variables } };
    run.follow(this.#start(run, payload, start, id), () => this.#options.replies.expire(ticket.id));
    run.settled().then(() => place[Symbol.dispose]());
    this.#follow(run, request.signal, id, held.move());
    return await run.answer;
  }

  #newRun(method: string): CallbackRun {
    const { timeoutMs, idleTimeoutMs, contentType, dev } = this.#settings;
    return new CallbackRun({ method, onExit: this.#config.onExit, timeoutMs, idleTimeoutMs, contentType, dev });
  }

  async #start(run: CallbackRun, payload: Payload, { argv, variables }: Start, id: string): Promise<Job> {
    const { launcher, cwd, env, exactUsage, log, onStderr, onStart, limits } = this.#settings;
    const logged = (line: string) => log("info", line, { request: id, stream: "stdout" });
    const job = await Job.start(payload.input, {
      ...{ launcher, argv, env: { ...this.#command.env, ...env }, variables, cwd, exactUsage },
      tailBytes: limits.stderrBytes,
      onStdoutLine: this.#config.program.logStdout ? logged : undefined,
      onStderrLine: (line) => onStderr(line, id),
      onMove: run.touch,
      onInputError: (error) => run.leave(error instanceof HttpError ? error : clientGone(error)),
    });
    onStart({ requestId: id, pid: job.pid, title: this.#command.title, startedAt: job.startedAt });
    job.exit.then(() => {
      this.#options.onEnd?.({ requestId: id, usage: job.usage, durationMs: job.durationMs });
    });
    return job;
  }

  /** Ties a run to those who may end it, and lets go of what it held when it has. */
  #follow(run: CallbackRun, client: AbortSignal, id: string, held: AsyncDisposableStack): void {
    const leave = () => run.leave(clientGone());
    const close = () => run.stop(shuttingDown(), "gone");
    const closing = this.#closing.signal;
    client.addEventListener("abort", leave, { once: true });
    closing.addEventListener("abort", close, { once: true });
    if (client.aborted) leave();
    if (closing.aborted) close();
    const ended = this.#untilDone(run, held).then((result) => {
      client.removeEventListener("abort", leave);
      closing.removeEventListener("abort", close);
      if (result) this.#exited(result, id, run.error);
    }).catch((error) => this.#report(error, id));
    this.#underWay.add(ended);
  }

  #exited({ exit, ...result }: JobResult, requestId: string, error: Error | undefined): void {
    if (exit.code !== 0 && !error) {
      this.#settings.log("warn", `program ended with ${describeExit(exit)} after its reply`, { request: requestId });
    }
    this.#settings.onExit({ ...result, ...exit, requestId, title: this.#command.title, error });
  }

  async #untilDone(run: CallbackRun, held: AsyncDisposableStack): Promise<JobResult | undefined> {
    await using _held = held;
    return await run.done;
  }

  /** What broke off with a signal's reason broke off because of who aborted it. */
  #explain(error: unknown, request: Request): unknown {
    if (error instanceof HttpError || error instanceof ProgramError) return error;
    if (this.#closing.signal.aborted) return shuttingDown();
    return request.signal.aborted ? clientGone(error) : error;
  }

  #report(error: unknown, request: string): void {
    if (error instanceof HttpError) return; // the client's doing: the access log has its status
    const message = error instanceof Error ? error.message : String(error);
    this.#settings.log("error", message, { request, program: this.#command.title });
  }
}

/**
 * The options of the program, as `program()` takes them.
 *
 * @throws {TypeError} when a callback has no use for one
 */
function programOptions({ program, channel }: CallbackConfig, options: CallbackOptions): ProgramOptions {
  checkCallback(program, channel);
  const { file, command, args, language, mode = "plain", cwd, env, contentType, limits: resources } = program;
  return { ...options, file, command, args, language, mode, cwd, env, contentType, resources };
}
