/**
 * A child that has our own standard input, output and error, as a command in front of a terminal has. It leads a session
 * of its own, so that all of its descendants can be ended; it may read the terminal all the same, but Ctrl-C there does
 * not reach it, and has to be passed on.
 */

import type { Source } from "../bytes/source.ts";
import { type Exit, ProgramError } from "../errors.ts";
import type { Child } from "./launcher.ts";

/** What is left of the session when the command itself has ended gets SIGKILL after this. */
const LEFTOVER_MS = 1000;
/** How often it is looked for. */
const LEFTOVER_CHECK_MS = 10;

/** Systems where a child can lead a session; elsewhere only the command itself is ended. */
const GROUPS = Deno.build.os !== "windows";

/** Its output is not ours to read. */
const NOTHING: Source = { read: () => undefined, cancel: () => {} };

/** States: running -> ended (its leader) -> closed (all of its group). */
export class ForegroundChild implements Child {
  readonly pid: number;
  readonly stdin = undefined;
  readonly stdout = NOTHING;
  readonly exit: Promise<Exit>;
  readonly #process: Deno.ChildProcess;
  #ended = false;
  #closed: Promise<undefined> | undefined;

  /**
   * Starts it.
   *
   * @param argv absolute path of the executable, then its arguments
   * @param env all of its environment
   * @throws {ProgramError} with code `start`
   */
  constructor(argv: readonly string[], env: Readonly<Record<string, string>>) {
    this.#process = spawn(argv, env);
    this.pid = this.#process.pid;
    this.exit = this.#process.status.then(({ code, signal }) => {
      this.#ended = true;
      return { code: signal === null ? code : null, signal };
    });
  }

  get ended(): boolean {
    return this.#ended;
  }

  signal(name: Deno.Signal): void {
    if (!this.#closed) this.#kill(name);
  }

  drainStderr(): Promise<void> {
    return Promise.resolve(); // it went where ours goes
  }

  close(): Promise<undefined> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<undefined> {
    await this.exit;
    if (!GROUPS || !this.#kill("SIGTERM")) return;
    for (let waitedMs = 0; this.#kill(0); waitedMs += LEFTOVER_CHECK_MS) {
      if (waitedMs >= LEFTOVER_MS) return void this.#kill("SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, LEFTOVER_CHECK_MS));
    }
  }
  /** Sends a signal to all of the group, or with 0 asks for it; false when there is nobody. */
  #kill(signal: Deno.Signal | 0): boolean {
    if (!GROUPS && this.#ended) return false;
    try {
      Deno.kill(GROUPS ? -this.pid : this.pid, signal);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error; // such as a command that runs as another user, which nobody should take for ended
    }
  }
}

function spawn(argv: readonly string[], env: Readonly<Record<string, string>>): Deno.ChildProcess {
  try {
    return new Deno.Command(argv[0], {
      args: argv.slice(1),
      env: { ...env },
      clearEnv: true,
      detached: true,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause;
    throw new ProgramError("start", `Cannot start ${argv[0]}: ${why}`, { cause });
  }
}
