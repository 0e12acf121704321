/**
 * One run of a program for one request: its process, its two pumps, its clocks, and its end. They stand in one file because
 * each of them may end the run and all share what that sets.
 */

import type { Chunk, Source } from "../bytes/source.ts";
import { describeExit, type Exit, HttpError, ProgramError, type ProgramErrorCode, type UsedUp } from "../errors.ts";
import type { Body } from "../http/body.ts";
import { type AnsweringRun, answerOf } from "./answer.ts";
import { Deadline } from "./deadline.ts";
import type { Child, Launcher, LaunchSpec, ResourceUsage } from "./launcher.ts";
import { OutputLines } from "./output_lines.ts";
import { endsWithin, stopProcess } from "./stop.ts";

/** What a run needs besides its request. */
export interface RunOptions {
  readonly launcher: Launcher;
  readonly argv: LaunchSpec["argv"];
  readonly env: LaunchSpec["env"];
  readonly variables: LaunchSpec["variables"];
  readonly cwd: string | undefined;
  readonly exactUsage: boolean;
  readonly head: AnsweringRun["head"];
  /** Type of an answer whose program names none. */
  readonly contentType: string;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly stderrTailBytes: number;
  readonly onStderrLine: (line: string) => void;
  /** Takes what was read of standard output, as it came. */
  readonly onStdout: ((chunk: Uint8Array) => void) | undefined;
}

/** How a run went. */
export interface RunResult {
  readonly pid: number;
  readonly exit: Exit;
  readonly usage: ResourceUsage | undefined;
  /** The most that it and its descendants had in memory at a time, bytes; undefined where a group does not tell. */
  readonly memoryPeakBytes: number | undefined;
  /** Bytes read of its standard output. */
  readonly stdoutBytes: number;
  /** Bytes of its standard error. */
  readonly stderrBytes: number;
  /** The last of its standard error. */
  readonly stderrTail: string;
  /** Why the run failed or was stopped; undefined when all went well. */
  readonly error: Error | undefined;
  /** Its answer had begun: what failed afterwards was told to nobody. */
  readonly begun: boolean;
}

/** How long a process whose standard output has ended may take to end itself; its answer is complete by then. */
const EXIT_MS = 2000;
/** How long what a failed program has written may take to be read, when a descendant holds standard output open. */
const FAILED_MS = 500;
/** How long a group whose leader has ended may hold standard output silently, when there is no idle limit. */
const LINGER_MS = 10_000;

const NAMES: Record<UsedUp, string> = { cpu: "its processor time", memory: "its memory", file: "the size of a file" };

/**
 * States: running -> (head sent) -> ended. `stop` ends it from outside at any time; the first error wins and is what
 * the client's side of the stream fails with.
 */
export class Run {
  /** Resolves when the process has ended and all it held has been let go; rejects when it could not be. */
  readonly done: Promise<RunResult>;
  readonly #options: RunOptions;
  readonly #child: Child;
  readonly #stderr: OutputLines;
  readonly #deadline: Deadline;
  /** Standard output; a read of it shows that the client is waiting for the program, and not the reverse. */
  readonly #stdout: Source;
  #stdoutBytes = 0;
  #waiting = false;
  /** True when the answer is out and has no body that the client could miss. */
  #answered = false;
  #begun = false;
  #error: Error | undefined;
  #failing: ReturnType<typeof setTimeout> | undefined;
  readonly #settled = Promise.withResolvers<RunResult>();
  #ending = false;

  private constructor(options: RunOptions, child: Child, stderr: OutputLines) {
    this.#options = options;
    this.#child = child;
    this.#stderr = stderr;
    this.done = this.#settled.promise;
    this.#deadline = new Deadline(options, (which, limitMs) => this.#expire(which, limitMs));
    this.#stdout = { read: () => this.#read(), cancel: () => child.stdout.cancel() };
    child.exit.then((exit) => this.#onExit(exit));
  }

  #onExit(exit: Exit): void {
    this.#deadline.requireIdle(LINGER_MS);
    if (exit.code === 0 || this.#ending) return;
    // Its answer has failed, whatever a descendant that holds standard output may still write.
    this.#failing = setTimeout(() => this.#fail(exit).catch((error) => this.stop(error)), FAILED_MS);
  }

  /**
   * Starts a process and feeds it.
   *
   * @throws {ProgramError} `start` when it can't be started
   */
  static async start(content: Body["content"], options: RunOptions): Promise<Run> {
    const stderr = new OutputLines("standard error", options.onStderrLine, options.stderrTailBytes);
    const child = await options.launcher.launch({
      argv: options.argv,
      env: options.env,
      variables: options.variables,
      cwd: options.cwd,
      exactUsage: options.exactUsage,
      stdin: content === undefined ? "null" : content instanceof Uint8Array ? content : "pipe",
      onStderr: (chunk) => stderr.push(chunk),
    });
    const run = new Run(options, child, stderr);
    if (content !== undefined && !(content instanceof Uint8Array)) run.#feed(content);
    return run;
  }

  /** Process id of the leader. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Ends the run with an error; without effect once it has ended. */
  stop(error: Error): void {
    if (this.#error || this.#ending) return;
    this.#error = error;
    this.#end();
  }

  /** Says that the client has left: the run ends, unless the client has had the whole of its answer. */
  leave(): void {
    if (!this.#answered) this.stop(clientGone());
  }

  /**
   * The answer, as soon as its head is known.
   *
   * @param method of the request: HEAD gets no body
   * @throws {ProgramError} when the program fails before its head is out
   */
  async answer(method: string): Promise<Response> {
    const response = await answerOf({
      stdout: this.#stdout,
      head: this.#options.head,
      contentType: this.#options.contentType,
      done: this.done,
      finish: () => this.#finish(),
      fail: (error) => {
        this.stop(error as Error);
        return this.#error ?? error;
      },
      hasAnswered: () => this.#answered = true,
      abandon: () => this.stop(clientGone()),
      failure: (code, message) => this.#failure(code, message),
    }, method);
    this.#begun = true;
    return response;
  }

  #read(): Chunk | Promise<Chunk> {
    const step = this.#child.stdout.read();
    this.#deadline.touch();
    return step instanceof Promise ? this.#wait(step) : this.#took(step);
  }

  async #wait(step: Promise<Chunk>): Promise<Chunk> {
    this.#waiting = true;
    try {
      return this.#took(await step);
    } finally {
      this.#waiting = false;
      this.#deadline.touch();
    }
  }

  #took(chunk: Chunk): Chunk {
    if (!chunk) return chunk;
    this.#stdoutBytes += chunk.byteLength;
    this.#options.onStdout?.(chunk);
    return chunk;
  }

  /** To be called when standard output has ended: waits for the process, and throws if it ended badly. */
  async #finish(): Promise<void> {
    if (!this.#error && !await endsWithin(this.#child, EXIT_MS)) {
      this.#end(); // its answer is complete, only the process is not
      return;
    }
    if (this.#error) throw this.#error;
    const exit = await this.#child.exit;
    if (exit.code !== 0) await this.#fail(exit);
    this.#end();
  }

  async #fail(exit: Exit): Promise<never> {
    await this.#child.drainStderr();
    const usedUp = this.#child.usedUp?.(exit);
    if (usedUp) {
      throw this.#failure("limit", `The program used up ${NAMES[usedUp]}: ${describeExit(exit)}`, exit, usedUp);
    }
    throw this.#failure("exit", `The program failed with ${describeExit(exit)}`, exit);
  }

  /** The pump towards the program. A program that stops reading has had enough, and that is no error. */
  async #feed(content: Source): Promise<void> {
    const stdin = this.#child.stdin!;
    try {
      for (let chunk = await content.read(); chunk; chunk = await content.read()) {
        this.#deadline.touch();
        if (!await stdin.write(chunk)) return content.cancel();
      }
      stdin.close();
    } catch (error) {
      this.stop(error instanceof HttpError ? error : clientGone(error));
    }
  }

  #expire(which: "timeout" | "idle", limitMs: number): void {
    const what = which === "timeout" ? `did not end within ${limitMs} ms` : `moved no byte for ${limitMs} ms`;
    endsWithin(this.#child, 0).then(async (ended) => {
      const exit = ended ? await this.#child.exit : undefined;
      // The program has ended well and all was read; only a descendant holds its standard output open.
      if (exit?.code === 0 && this.#waiting) this.#child.stdout.cancel();
      else this.stop(this.#failure("timeout", `The program ${what}`));
    });
  }

  #end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#deadline.clear();
    clearTimeout(this.#failing);
    this.#child.stdout.cancel();
    this.#release().then(this.#settled.resolve, this.#settled.reject);
  }

  async #release(): Promise<RunResult> {
    await stopProcess(this.#child);
    const exit = await this.#child.exit;
    const usage = await this.#child.close();
    this.#stderr.end();
    return {
      pid: this.#child.pid,
      exit,
      usage,
      memoryPeakBytes: this.#child.memoryPeakBytes,
      stdoutBytes: this.#stdoutBytes,
      stderrBytes: this.#stderr.bytes,
      stderrTail: this.#stderr.bytes === 0 ? "" : this.#stderr.tail,
      error: this.#error,
      begun: this.#begun,
    };
  }

  #failure(code: ProgramErrorCode, message: string, exit?: Exit, usedUp?: UsedUp): ProgramError {
    return new ProgramError(code, message, { exit, usedUp, stderr: this.#stderr.tail });
  }
}

/** The error of a run that is ended, or not begun, because its server stops. */
export function shuttingDown(): HttpError {
  return new HttpError(503, "The server is shutting down");
}

/** The error of a run whose client has left. 499 is never sent: there is nobody to send it to. */
export function clientGone(cause?: unknown): HttpError {
  return new HttpError(499, "The client closed the request", { cause });
}
