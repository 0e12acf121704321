/**
 * One run of a program for one request: its process, its two pumps, its clocks, and its end. They stand in one file, longer
 * than most, because each of them may end the run and all share what that sets.
 */

import { type Chunk, concat, prepend, type Source, toReadableStream } from "../bytes/source.ts";
import { describeExit, type Exit, HttpError, ProgramError } from "../errors.ts";
import type { Body } from "../http/body.ts";
import { promiseTrailers } from "../http/trailers.ts";
import { ChunkedSource } from "./chunked.ts";
import { Deadline } from "./deadline.ts";
import type { Child, Launcher, LaunchSpec, ResourceUsage } from "./launcher.ts";
import { readHead } from "./response_head.ts";
import { StandardError } from "./standard_error.ts";
import { endsWithin, stopProcess } from "./stop.ts";

/** What a run needs besides its request. */
export interface RunOptions {
  readonly launcher: Launcher;
  readonly argv: LaunchSpec["argv"];
  readonly env: LaunchSpec["env"];
  readonly variables: LaunchSpec["variables"];
  readonly cwd: string | undefined;
  /** Who writes the head: nobody, or the program in one of two forms. */
  readonly head: "none" | "cgi" | "http";
  /** Type of an answer whose program names none. */
  readonly contentType: string;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly stderrTailBytes: number;
  readonly onStderrLine: (line: string) => void;
}

/** How a run went. */
export interface RunResult {
  readonly pid: number;
  readonly exit: Exit;
  readonly usage: ResourceUsage | undefined;
  /** Bytes of its standard error. */
  readonly stderrBytes: number;
  /** Why the run failed or was stopped; undefined when all went well. */
  readonly error: Error | undefined;
}

/** How long a process whose standard output has ended may take to end itself; its answer is complete by then. */
const EXIT_MS = 2000;
/** How long what a failed program has written may take to be read, when a descendant holds standard output open. */
const FAILED_MS = 500;
/** How long a group whose leader has ended may hold standard output silently, when there is no idle limit. */
const LINGER_MS = 10_000;
/** What is gathered for an answer in one piece. */
const WHOLE_BYTES_MAX = 64 * 1024;

/**
 * States: running -> (head sent) -> ended. `stop` ends it from outside at any time; the first error wins and is what
 * the client's side of the stream fails with.
 */
export class Run {
  /** Resolves when the process has ended and all it held has been let go; rejects when it could not be. */
  readonly done: Promise<RunResult>;
  readonly #options: RunOptions;
  readonly #child: Child;
  readonly #stderr: StandardError;
  readonly #deadline: Deadline;
  /** Standard output; a read of it shows that the client is waiting for the program, and not the reverse. */
  readonly #stdout: Source;
  #waiting = false;
  /** True when the answer is out and has no body that the client could miss. */
  #answered = false;
  #error: Error | undefined;
  #failing: ReturnType<typeof setTimeout> | undefined;
  readonly #settled = Promise.withResolvers<RunResult>();
  #ending = false;

  private constructor(options: RunOptions, child: Child, stderr: StandardError) {
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
    const stderr = new StandardError(options.onStderrLine, options.stderrTailBytes);
    const child = await options.launcher.launch({
      argv: options.argv,
      env: options.env,
      variables: options.variables,
      cwd: options.cwd,
      stdin: content === undefined ? "null" : content instanceof Uint8Array ? content : "pipe",
      onStderr: (chunk) => stderr.push(chunk),
    });
    const run = new Run(options, child, stderr);
    if (content !== undefined && !(content instanceof Uint8Array)) run.#feed(content);
    return run;
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
    try {
      return await this.#answer(method);
    } catch (error) {
      this.stop(error as Error);
      throw this.#error ?? error;
    }
  }

  async #answer(method: string): Promise<Response> {
    const form = this.#options.head;
    const head = form === "none" ? await plainHead(this.#stdout) : await readHead(this.#stdout, form);
    if (!head) {
      await this.#finish();
      if (form === "cgi") throw this.#failure("head", "The program wrote no response head");
      return new Response(null, { headers: { "content-type": this.#options.contentType, "content-length": "0" } });
    }
    const { status, headers } = head;
    if (!headers.has("content-type") && !headers.has("location")) {
      headers.set("content-type", this.#options.contentType);
    }
    const raw = prepend([head.rest], this.#stdout);
    const hasNoBody = method === "HEAD" || status === 204 || status === 205 || status === 304;
    if (head.framing === "chunked") return this.#chunked(raw, hasNoBody, status, headers);
    // An answer to HEAD tells the length it would have; 204 and 205 have none to tell (RFC 9110 §8.6).
    if (head.contentLength !== undefined && status !== 204 && status !== 205) {
      headers.set("content-length", String(head.contentLength));
    }
    if (hasNoBody) return this.#withoutBody(raw, status, headers);
    return await this.#body(raw, status, headers, head.contentLength);
  }

  async #body(source: Source, status: number, headers: Headers, length: number | undefined): Promise<Response> {
    const { chunks, next } = readAvailable(source);
    if (next === undefined) {
      const whole = concat(chunks);
      if (length !== undefined && length !== whole.byteLength) throw this.#lengthError(length);
      await this.#finish();
      headers.set("content-length", String(whole.byteLength));
      return new Response(whole, { status, headers });
    }
    let first: Promise<Chunk> | undefined = Promise.resolve(next);
    first.catch(() => {/* the body's reader, if there ever is one, is told */});
    const following: Source = {
      read: () => {
        const step = first ?? source.read();
        first = undefined;
        return step;
      },
      cancel: (reason) => source.cancel(reason),
    };
    return new Response(this.#stream(prepend(chunks, following), length), { status, headers });
  }

  #chunked(source: Source, hasNoBody: boolean, status: number, headers: Headers): Response {
    const trailers = Promise.withResolvers<Headers>();
    trailers.promise.catch(() => {/* the body's reader is told of the failure */});
    const content = new ChunkedSource(source, trailers.resolve);
    this.done.finally(() => trailers.reject(this.#error ?? new TypeError("The response has no trailers")))
      .catch(() => {/* whoever follows the run is told */});
    if (hasNoBody) return this.#withoutBody(content, status, headers);
    const response = new Response(this.#stream(content, undefined), { status, headers });
    promiseTrailers(response, trailers.promise);
    return response;
  }

  /** An answer whose body must not be sent: the program is let run to its end all the same. */
  #withoutBody(source: Source, status: number, headers: Headers): Response {
    this.#answered = true;
    const drain = async () => {
      while (await source.read());
      await this.#finish();
    };
    drain().catch((error) => this.stop(error));
    return new Response(null, { status, headers });
  }

  #stream(source: Source, length: number | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
    let sent = 0;
    return toReadableStream({
      read: async () => {
        try {
          const chunk = await source.read();
          sent += chunk?.byteLength ?? 0;
          if (length !== undefined && (chunk ? sent > length : sent < length)) throw this.#lengthError(length);
          if (!chunk) await this.#finish();
          return chunk;
        } catch (error) {
          this.stop(error as Error);
          throw this.#error ?? error;
        }
      },
      cancel: () => this.stop(clientGone()),
    });
  }

  #read(): Chunk | Promise<Chunk> {
    const step = this.#child.stdout.read();
    this.#deadline.touch();
    if (!(step instanceof Promise)) return step;
    this.#waiting = true;
    return step.finally(() => {
      this.#waiting = false;
      this.#deadline.touch();
    });
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
    return { pid: this.#child.pid, exit, usage, stderrBytes: this.#stderr.bytes, error: this.#error };
  }

  #failure(reason: ProgramError["reason"], message: string, exit?: Exit): ProgramError {
    return new ProgramError(reason, message, { exit, stderr: this.#stderr.tail });
  }

  #lengthError(length: number): ProgramError {
    return this.#failure("exit", `The program's body does not have the ${length} bytes that its head announced`);
  }
}

/** The error of a run whose client has left. 499 is never sent: there is nobody to send it to. */
export function clientGone(cause?: unknown): HttpError {
  return new HttpError(499, "The client closed the request", { cause });
}

async function plainHead(source: Source) {
  const rest = await source.read();
  return rest && { status: 200, headers: new Headers(), framing: "stream" as const, contentLength: undefined, rest };
}

/** Reads what comes without waiting; `next` is what has to be waited for, undefined when the source has ended. */
function readAvailable(source: Source): { chunks: Uint8Array<ArrayBuffer>[]; next: Chunk | Promise<Chunk> } {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (;;) {
    const step = source.read();
    if (!(step instanceof Uint8Array) || bytes + step.byteLength > WHOLE_BYTES_MAX) return { chunks, next: step };
    chunks.push(step);
    bytes += step.byteLength;
  }
}
