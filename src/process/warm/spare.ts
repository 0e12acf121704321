/** One process that was started ahead, for a run that is not known yet: docs/warm.md has what passes between it and us. */

import { describeExit, type Exit } from "../../errors.ts";
import { Descriptors } from "../descriptors.ts";
import type { Child, LaunchSpec } from "../launcher.ts";
import type { Nursery, Young } from "../nursery.ts";
import { PipeSource, writeNow } from "../pipe.ts";
import type { PosixChild } from "../posix_child.ts";
import { type InterpreterOptions, packVariables } from "./keep_warm.ts";

/** What spares of one program are started with. */
export interface SpareOptions extends InterpreterOptions {
  /** Variables that make a process wait for its run, instead of beginning it at once. */
  readonly waitEnv: LaunchSpec["env"];
}

/** The most that a run's variables may take to be given to a spare: as much as a pipe takes at once. */
const REQUEST_BYTES_MAX = 64 * 1024;
/** One that does not wait for its run by then is given up. */
const START_MS_MAX = 60_000;
/** How long it may take to end when it is told that there is no run for it. */
const RETIRE_MS = 2000;
/** Standard error that is kept for its run; what it says beyond that before it has one is lost. */
const EARLY_BYTES_MAX = 64 * 1024;

/** How a spare has ended without a run. */
export interface SpareEnd {
  /** Undefined when it could not be started at all. */
  readonly exit: Exit | undefined;
  readonly why: string;
}

/** States: starting -> waiting -> given; starting or waiting -> over. */
export class Spare implements Young {
  /** Resolves when it has ended without a run, and was reaped. */
  readonly ended: Promise<SpareEnd>;
  readonly #options: SpareOptions;
  readonly #ended = Promise.withResolvers<SpareEnd>();
  readonly #waiting = Promise.withResolvers<void>();
  #state: "starting" | "waiting" | "given" | "over" = "starting";
  #retired = false;
  #child: PosixChild | undefined;
  /** Where its run goes; its end without a word tells it that there is none. */
  #request: number | undefined;
  /** Says that it waits. */
  #ready: PipeSource | undefined;
  /** What it wrote to standard error before it had a run. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #onStderr: LaunchSpec["onStderr"] | undefined;

  constructor(options: SpareOptions) {
    this.#options = options;
    this.ended = this.#ended.promise;
  }

  /** Its process id, once it waits for its run. */
  get pid(): number | undefined {
    return this.#state === "waiting" ? this.#child!.pid : undefined;
  }

  get starts(): boolean {
    return this.#state === "starting";
  }

  /**
   * Starts it and waits until it waits for its run.
   *
   * @returns how it has ended, if it never did
   */
  async start(nursery: Nursery): Promise<SpareEnd | undefined> {
    try {
      await this.#spawn();
    } catch (error) {
      this.#over({ exit: undefined, why: (error as Error).message });
      return await this.ended;
    }
    nursery.add(this);
    const late = setTimeout(() => this.#child!.signal("SIGKILL"), START_MS_MAX);
    try {
      return await Promise.race([this.#waiting.promise.then(() => undefined), this.ended]);
    } finally {
      clearTimeout(late);
      nursery.remove(this);
    }
  }

  /** Gives it its run; undefined when it can't take one, because it does not wait yet or has just died. */
  give(request: Uint8Array, { stdin, onStderr }: LaunchSpec): Child | undefined {
    this.tick();
    if (this.#state !== "waiting" || this.#retired) return undefined;
    this.#child!.collect(); // it may have ended before we could hear of it
    if (this.#child!.ended) return undefined;
    if (writeNow(this.#options.libc, this.#request!, request) < request.byteLength) {
      this.#child!.signal("SIGKILL"); // else it would take the end of the part that it got for the end of the whole
      return undefined;
    }
    this.#state = "given";
    this.#closeRequest();
    this.#feed(stdin);
    this.#onStderr = onStderr;
    for (const chunk of this.#early) onStderr(chunk);
    this.#early = [];
    return this.#child;
  }

  /** Ends it. */
  async retire(): Promise<void> {
    this.#retired = true;
    this.#closeRequest();
    const late = setTimeout(() => this.#child?.signal("SIGKILL"), RETIRE_MS);
    await this.ended;
    clearTimeout(late);
  }

  tick(): boolean {
    if (this.#state !== "starting" || !this.#ready) return false;
    if (!this.#ready.poll()) return !this.#ready.ended;
    this.#ready.cancel();
    this.#state = "waiting";
    this.#waiting.resolve();
    return false;
  }

  async #spawn(): Promise<void> {
    const { libc, launcher, argv, env, waitEnv, cwd } = this.#options;
    using fds = new Descriptors(libc);
    const [request, ready] = [fds.pipe(), fds.pipe()];
    const onStderr = (chunk: Uint8Array) => this.#hear(chunk);
    const spec = { argv, env: { ...env, ...waitEnv }, cwd, stdin: "pipe", onStderr } as const;
    this.#child = await launcher.launchWith(spec, [request.read, ready.write]);
    if (!this.#retired) this.#request = fds.release(request.write);
    this.#ready = new PipeSource(libc, fds.release(ready.read));
    this.#child.exit.then((exit) => this.#onExit(exit));
  }

  async #onExit(exit: Exit): Promise<void> {
    if (this.#state === "given") return; // whoever has the child looks after it
    this.#closeRequest();
    this.#ready!.cancel();
    await this.#child!.close();
    for (const chunk of this.#early) this.#options.onOutput(chunk);
    this.#over({ exit, why: `a process started ahead ended with ${describeExit(exit)}` });
  }

  #over(end: SpareEnd): void {
    this.#state = "over";
    this.#ended.resolve(end);
  }

  #feed(input: LaunchSpec["stdin"]): void {
    const sink = this.#child!.stdin!;
    if (input === "null") sink.close();
    else if (input !== "pipe") sink.write(input).then(() => sink.close());
  }

  #hear(chunk: Uint8Array): void {
    if (this.#onStderr) return this.#onStderr(chunk);
    this.#earlyBytes += chunk.byteLength;
    if (this.#earlyBytes <= EARLY_BYTES_MAX) this.#early.push(chunk);
  }

  #closeRequest(): void {
    if (this.#request !== undefined) this.#options.libc.close(this.#request);
    this.#request = undefined;
  }
}

const encoder = new TextEncoder();

/** Variables as a spare reads them; undefined when they are more than it is sent. */
export function encodeVariables(variables: LaunchSpec["variables"]): Uint8Array | undefined {
  const packed = packVariables(variables);
  if (packed === undefined) return undefined; // refused by the cold launch
  const bytes = encoder.encode(packed || "\0"); // never empty, because that means that there is no run
  return bytes.byteLength <= REQUEST_BYTES_MAX ? bytes : undefined;
}
