/**
 * One process whose answer does not come by its standard output: what it writes is read as it comes, so that it never waits
 * for a full pipe, and its end is kept. Its leader may end before the work is done: who inherits the work lives on in its
 * group, until the job is released.
 */

import { setImmediate } from "node:timers";
import type { Source } from "../bytes/source.ts";
import type { Exit, UsedUp } from "../errors.ts";
import type { Body } from "../http/body.ts";
import { limits } from "../limits.ts";
import type { Child, Launcher, LaunchSpec, ResourceUsage } from "./launcher.ts";
import { OutputLines } from "./output_lines.ts";
import { stopProcess } from "./stop.ts";

/** What a job needs besides its input. */
export interface JobOptions extends Omit<LaunchSpec, "stdin" | "onStderr"> {
  readonly launcher: Launcher;
  /** How much is kept of the end of each output, bytes. */
  readonly tailBytes?: number;
  /** Takes each line of standard output; without it they are only counted and their end kept. */
  readonly onStdoutLine?: (line: string) => void;
  readonly onStderrLine?: (line: string) => void;
  /** Told when bytes have moved between the process and us. */
  readonly onMove?: () => void;
  /** Told when what is fed to the process broke off. */
  readonly onInputError?: (error: unknown) => void;
}

/** How a job is let go of. */
export interface ReleaseOptions {
  /** End what is left of it now; else it may run on for a while, and a later call may still end it. */
  readonly kill: boolean;
  /** How long the leader may run on, and heirs of it that hold standard output, milliseconds; `Infinity` for no limit. */
  readonly runOnMs?: number;
  /** How long heirs of a leader that has ended may run on that hold nothing, milliseconds. */
  readonly graceMs?: number;
}

/** How a job went. */
export interface JobResult {
  readonly pid: number;
  readonly exit: Exit;
  readonly usage: ResourceUsage | undefined;
  /** The most that it and its heirs had in memory at a time, bytes; undefined where a group does not tell. */
  readonly memoryPeakBytes: number | undefined;
  /** Bytes of each output, those of its heirs too. */
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** The last of standard error. */
  readonly stderrTail: string;
  /** When it was started, milliseconds since 1970. */
  readonly startedAt: number;
  /** From the start of the leader to its end. */
  readonly durationMs: number;
}

/** A program that never stops writing must not keep the event loop from all else: it gets its turn after so much. */
const TURN_BYTES = 256 * 1024;
/** How long the last output of a leader that has ended may take to be read, when an heir holds it open. */
const LAST_OUTPUT_MS = 50;
/** Standard error is looked at more often than that. */
const LAST_ERRORS_MS = 5;

/** States: running -> ended (the leader; heirs may run) -> released. `release` may be called in each, and more than once. */
export class Job {
  /** Resolves when the leader has ended. */
  readonly exit: Promise<Exit>;
  /** Resolves when the job was released and nothing of it is left; rejects when it could not be ended. */
  readonly done: Promise<JobResult>;
  readonly #settled = Promise.withResolvers<JobResult>();
  readonly #options: JobOptions;
  readonly #child: Child;
  readonly #stdout: OutputLines;
  readonly #stderr: OutputLines;
  readonly #startedAt = Date.now();
  readonly #started = performance.now();
  readonly #stdoutEnd: Promise<void>;
  /** What is still to be fed. */
  #input: Source | undefined;
  #endedAfterMs: number | undefined;
  #isReleased = false;
  #isEnding = false;
  readonly #hurry = Promise.withResolvers<void>();

  private constructor(options: JobOptions, child: Child, outputs: { stdout: OutputLines; stderr: OutputLines }) {
    this.#options = options;
    this.#child = child;
    this.#stdout = outputs.stdout;
    this.#stderr = outputs.stderr;
    this.done = this.#settled.promise;
    this.#stdoutEnd = this.#readStdout();
    this.exit = child.exit.then((exit) => {
      this.#endedAfterMs = performance.now() - this.#started;
      return exit;
    });
  }

  /**
   * Starts a process and feeds it.
   *
   * @param input what it gets on standard input
   * @throws {ProgramError} `start` when it can't be started
   */
  static async start(input: Body["content"], options: JobOptions): Promise<Job> {
    const { tailBytes = limits.stderrTailBytes, onStdoutLine = () => {}, onStderrLine = () => {} } = options;
    const stdout = new OutputLines("standard output", onStdoutLine, tailBytes);
    const stderr = new OutputLines("standard error", onStderrLine, tailBytes);
    const child = await options.launcher.launch({
      ...options,
      stdin: input === undefined ? "null" : input instanceof Uint8Array ? input : "pipe",
      onStderr: (chunk) => {
        options.onMove?.();
        stderr.push(chunk);
      },
    });
    const job = new Job(options, child, { stdout, stderr });
    if (input !== undefined && !(input instanceof Uint8Array)) job.#feed(input);
    return job;
  }

  /** Process id of the leader, and of its group. */
  get pid(): number {
    return this.#child.pid;
  }

  /** From the start of the leader to its end, or to now. */
  get durationMs(): number {
    return this.#endedAfterMs ?? performance.now() - this.#started;
  }

  /** What the leader used; undefined before it has ended, and where the system does not tell. */
  get usage(): ResourceUsage | undefined {
    return this.#child.usage;
  }

  /** When it was started, milliseconds since 1970. */
  get startedAt(): number {
    return this.#startedAt;
  }

  /** What the leader used up of what it was given, if that is how it came to end so; to be asked before `release`. */
  usedUp(exit: Exit): UsedUp | undefined {
    return this.#child.usedUp?.(exit);
  }

  /** The end of what was written to standard output so far. */
  get stdoutTail(): string {
    return this.#stdout.tail;
  }

  /** The end of what was written to standard error so far. */
  get stderrTail(): string {
    return this.#stderr.tail;
  }

  /** Waits until all is read that a leader that has ended had written. */
  async drain(): Promise<void> {
    await this.exit;
    await this.#atMost(LAST_OUTPUT_MS, this.#stdoutEnd);
    // The child's own `drainStderr` would read no more afterwards, and heirs may write on.
    await this.#atMost(LAST_ERRORS_MS);
  }

  /**
   * Lets go of the job: what is left of its group is ended, now or when it had its time, and the leader reaped.
   *
   * @returns what `done` resolves with
   */
  release({ kill, runOnMs = Infinity, graceMs = 0 }: ReleaseOptions): Promise<JobResult> {
    if (kill) this.#hurry.resolve();
    if (!this.#isReleased) {
      this.#isReleased = true;
      this.#letGo(runOnMs, graceMs).then(this.#settled.resolve, this.#settled.reject);
    }
    return this.done;
  }

  async #letGo(runOnMs: number, graceMs: number): Promise<JobResult> {
    await Promise.race([this.#hurry.promise, this.#runsOn(runOnMs, graceMs)]);
    this.#isEnding = true;
    this.#input?.cancel();
    await stopProcess(this.#child);
    const exit = await this.exit;
    this.#child.stdout.cancel();
    const usage = await this.#child.close();
    await this.#stdoutEnd;
    this.#stdout.end();
    this.#stderr.end();
    return {
      pid: this.pid,
      exit,
      usage,
      memoryPeakBytes: this.#child.memoryPeakBytes,
      stdoutBytes: this.#stdout.bytes,
      stderrBytes: this.#stderr.bytes,
      stderrTail: this.#stderr.bytes === 0 ? "" : this.#stderr.tail,
      startedAt: this.#startedAt,
      durationMs: this.durationMs,
    };
  }

  async #runsOn(runOnMs: number, graceMs: number): Promise<void> {
    const until = performance.now() + runOnMs;
    const grace = this.#atMost(graceMs);
    await this.#atMost(runOnMs, this.exit);
    await this.#atMost(Math.max(until - performance.now(), 0), this.#stdoutEnd);
    await grace;
  }

  /** Waits, for an event if there is one, but not longer than so many milliseconds, and not once there is hurry. */
  async #atMost(ms: number, event?: Promise<unknown>): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      if (ms <= limits.timerMs) timer = setTimeout(resolve, ms);
    });
    await Promise.race(event ? [event, late, this.#hurry.promise] : [late, this.#hurry.promise]);
    clearTimeout(timer);
  }

  async #readStdout(): Promise<void> {
    const { stdout } = this.#child;
    let turn = 0;
    try {
      for (let chunk = await stdout.read(); chunk; chunk = await stdout.read()) {
        this.#stdout.push(chunk);
        this.#options.onMove?.();
        turn += chunk.byteLength;
        if (turn < TURN_BYTES) continue;
        turn = 0;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch {
      // It broke: what had come was kept.
    }
  }

  /** The pump towards the process. One that stops reading has had enough, and that is no error. */
  async #feed(input: Source): Promise<void> {
    this.#input = input;
    const stdin = this.#child.stdin!;
    try {
      for (let chunk = await input.read(); chunk; chunk = await input.read()) {
        this.#options.onMove?.();
        if (!await stdin.write(chunk)) return input.cancel();
      }
      if (!this.#isEnding) stdin.close();
    } catch (error) {
      this.#options.onInputError?.(error);
    } finally {
      this.#input = undefined;
    }
  }
}
