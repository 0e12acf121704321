/** A command that is kept running: started again when it ends, and ended with all of its descendants. */

import { type Exit, ProgramError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Backoff, backoffMs, pause } from "../net/backoff.ts";
import { findCommand } from "./find_command.ts";
import { ForegroundChild } from "./foreground_child.ts";
import { stopProcess } from "./stop.ts";

/** Options of {@linkcode supervise}. */
export interface SuperviseOptions {
  /** The command, which is looked up on PATH, and its arguments. No shell sees them. */
  readonly command: readonly [string, ...string[]];
  /** Variables over those that it inherits. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told of each start. */
  readonly onStart?: (pid: number) => void;
  /**
   * Told of each end, and in how many milliseconds it is started again; undefined when it is not, because it was stopped.
   * A command that can't be started again, such as one that is just being replaced, has ended with 127, as in a shell.
   */
  readonly onExit?: (exit: Exit, restartInMs: number | undefined) => void;
  /** Stops it. */
  readonly signal?: AbortSignal;
  /** Pauses before it is started again. Default: up to 1 s at first, up to 30 s at most. */
  readonly backoff?: Backoff;
  /** How long it has to run, milliseconds, for the pauses to begin anew. Default: 10 s. */
  readonly steadyMs?: number;
}

/** A command that is kept running. Disposing it stops it. */
export interface Supervised extends AsyncDisposable {
  /** Process id of what runs now; undefined between two runs. */
  readonly pid: number | undefined;
  /** Sends a signal to the command and its descendants, as a terminal does; to nobody between two runs. */
  kill(signal: Deno.Signal): void;
  /** Ends it: SIGTERM, and SIGKILL a second later. Resolves when it and its descendants have ended. */
  stop(): Promise<void>;
  /** Resolves when it was stopped; rejects when it can't be, such as one that runs as another user. */
  readonly done: Promise<void>;
}

const BACKOFF: Backoff = { firstMs: limits.restartMs, mostMs: limits.restartMsMax };
/** What a shell says of a command that it can't start. */
const NOT_STARTED: Exit = { code: 127, signal: null };

/**
 * Runs a command with our own standard input, output and error, and again whenever it ends. It leads a session of its
 * own: signals of the terminal reach only us, and whoever calls this passes on what the command should see.
 *
 * @throws {Deno.errors.NotFound} there is no such command
 * @throws {ProgramError} it can't be started
 */
export function supervise(options: SuperviseOptions): Supervised {
  options.signal?.throwIfAborted();
  const [name, ...args] = options.command;
  const path = name && findCommand(name);
  if (!path) {
    throw new Deno.errors.NotFound(`Cannot run ${name || "an empty command"}: it is not on PATH, or not executable`);
  }
  return new Supervisor([path, ...args], options);
}

/**
 * What the command inherits. Unlike programs that answer requests, it is one that the user has typed behind ours, and
 * expects all variables. Ours are for us: tokens are among them, and its port is not that of ours.
 */
function environment(added: Readonly<Record<string, string>> = {}): Record<string, string> {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !name.toUpperCase().startsWith("SLUICE_"));
  return { ...Object.fromEntries(inherited), ...added };
}

/** States: running -> ended -> waiting -> running, and from each of them -> stopped. */
class Supervisor implements Supervised {
  readonly done: Promise<void>;
  readonly #argv: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #options: SuperviseOptions;
  readonly #stop = new AbortController();
  readonly #stopped = Promise.withResolvers<void>();
  #child: ForegroundChild | undefined;

  constructor(argv: readonly string[], options: SuperviseOptions) {
    this.#argv = argv;
    this.#env = environment(options.env);
    this.#options = options;
    const first = this.#start(); // its failure is the caller's; that of a later one is the command's
    const onAbort = () => this.#tell();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    this.done = this.#keepRunning(first).finally(() => options.signal?.removeEventListener("abort", onAbort));
  }

  get pid(): number | undefined {
    return this.#child?.ended === false ? this.#child.pid : undefined;
  }

  kill(signal: Deno.Signal): void {
    this.#child?.signal(signal);
  }

  stop(): Promise<void> {
    this.#tell();
    return this.done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #tell(): void {
    this.#stop.abort();
    this.#stopped.resolve();
  }

  async #keepRunning(first: ForegroundChild): Promise<void> {
    const { backoff = BACKOFF, steadyMs = limits.restartSteadyMs, onExit } = this.#options;
    let child: ForegroundChild | undefined = first;
    for (let failures = 0;;) {
      const startedAt = performance.now();
      const exit = child ? await this.#untilEnd(child) : NOT_STARTED;
      if (this.#stop.signal.aborted) return onExit?.(exit, undefined);
      if (performance.now() - startedAt >= steadyMs) failures = 0;
      const restartInMs = backoffMs(failures++, backoff);
      onExit?.(exit, restartInMs);
      if (!await this.#pause(restartInMs)) return;
      child = this.#startAgain();
    }
  }

  /** Waits until it has ended by itself or is to be stopped, and ends what is left of it. */
  async #untilEnd(child: ForegroundChild): Promise<Exit> {
    await Promise.race([child.exit, this.#stopped.promise]);
    await stopProcess(child);
    await child.close();
    this.#child = undefined;
    return await child.exit;
  }

  /** Waits before the next start; false when there is to be none. */
  async #pause(ms: number): Promise<boolean> {
    try {
      await pause(ms, this.#stop.signal);
      return true;
    } catch {
      return false; // it was stopped
    }
  }

  #start(): ForegroundChild {
    this.#child = new ForegroundChild(this.#argv, this.#env);
    this.#options.onStart?.(this.#child.pid);
    return this.#child;
  }

  #startAgain(): ForegroundChild | undefined {
    try {
      return this.#start();
    } catch (error) {
      if (error instanceof ProgramError) return undefined; // told as an end, and tried again
      throw error;
    }
  }
}
