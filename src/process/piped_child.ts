/** What children on pipes have in common, whoever reaps them: their streams, and how the rest of their group ends. */

import type { Exit } from "../errors.ts";
import type { ChildPipes } from "./descriptors.ts";
import type { Child, ResourceUsage } from "./launcher.ts";
import type { Libc } from "./libc.ts";
import type { Young } from "./nursery.ts";
import type { PipeSink, PipeSource } from "./pipe.ts";

const SIGNALS = { SIGTERM: 15, SIGKILL: 9 } as const;
/** Signal names by number, from 1. */
const SIGNAL_NAMES = ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP " +
  "TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS").split(" ");

/** A child that lives longer than so many ticks is watched by the event loop; for most, that would never pay. */
const YOUNG_TICKS = 8;
/** What is left of a group and did not end on SIGTERM by then gets SIGKILL. */
const LEFTOVER_MS = 1000;
/** How often it is looked for. */
const LEFTOVER_CHECK_MS = 10;
/** A descendant outside the group may hold standard error open; it is not waited for longer than this. */
const STDERR_GRACE_MS = 50;
/** What an ended program can have left in a pipe that was not read yet. */
const PIPE_BYTES = 64 * 1024;

/** What a child on pipes is made of. */
export interface PipedChildParts extends ChildPipes {
  readonly pid: number;
  readonly onStderr: (chunk: Uint8Array) => void;
}

/** States: running -> ended (by `finish`) -> closed. Who inherits says how the end is known and the leader reaped. */
export abstract class PipedChild implements Child, Young {
  readonly pid: number;
  readonly stdin: PipeSink | undefined;
  readonly stdout: PipeSource;
  readonly exit: Promise<Exit>;
  protected readonly libc: Libc;
  readonly #stderr: PipeSource;
  readonly #onStderr: (chunk: Uint8Array) => void;
  #ticks = 0;
  /** Resolves at the end of standard error, once the event loop watches it. */
  #attached: Promise<void> | undefined;
  #resolveExit!: (exit: Exit) => void;
  #ended = false;
  #drained: Promise<void> | undefined;
  #closed: Promise<ResourceUsage | undefined> | undefined;

  constructor(libc: Libc, parts: PipedChildParts) {
    this.libc = libc;
    this.#stderr = parts.stderr;
    this.#onStderr = parts.onStderr;
    this.pid = parts.pid;
    this.stdin = parts.stdin;
    this.stdout = parts.stdout;
    this.exit = new Promise((resolve) => this.#resolveExit = resolve);
  }

  get ended(): boolean {
    return this.#ended;
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    if (!this.#closed) this.killGroup(name);
  }

  tick(): boolean {
    if (this.#attached || this.#drained || this.#closed) return false;
    if (++this.#ticks > YOUNG_TICKS) {
      this.#attached = this.#attach();
      return false;
    }
    this.stdout.wake();
    const chunk = this.#stderr.poll(); // one a tick: a program that never stops writing must not hold us here
    if (chunk) this.#onStderr(chunk);
    return true;
  }

  close(): Promise<ResourceUsage | undefined> {
    return this.#closed ??= this.#close();
  }

  drainStderr(): Promise<void> {
    return this.#drained ??= this.#drainStderr();
  }

  /** Says how the leader has ended. */
  protected finish(exit: Exit): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#resolveExit(exit);
    this.stdout.wake();
  }

  /**
   * Ends and reaps the leader, if that is to be done, and tells the rest of its group to end.
   *
   * @returns what it used, and whether any of its group may be left
   */
  protected abstract reap(): Promise<{ usage: ResourceUsage | undefined; left: boolean }>;

  /** Sends a signal to the group, or with 0 asks for it; false when it has no members. */
  protected killGroup(name: keyof typeof SIGNALS | 0): boolean {
    return this.libc.kill(-this.pid, name === 0 ? 0 : SIGNALS[name]) === 0;
  }

  async #close(): Promise<ResourceUsage | undefined> {
    await this.exit;
    const { usage, left } = await this.reap();
    this.stdin?.abort();
    this.stdout.cancel();
    await Promise.all([this.drainStderr(), left && this.#endGroup()]);
    return usage;
  }

  async #drainStderr(): Promise<void> {
    if (this.#attached) {
      const grace = setTimeout(() => this.#stderr.cancel(), STDERR_GRACE_MS);
      await this.#attached;
      clearTimeout(grace);
    } else {
      let left = PIPE_BYTES; // more than that is not the program's, but of somebody who may go on without end
      for (let chunk = this.#stderr.poll(); chunk && left > 0; chunk = this.#stderr.poll()) {
        this.#onStderr(chunk);
        left -= chunk.byteLength;
      }
    }
    this.#stderr.cancel();
  }

  /** Gives what is left of the group a moment to end by itself. A group that still has members keeps its number. */
  async #endGroup(): Promise<void> {
    for (let waitedMs = 0; this.killGroup(0); waitedMs += LEFTOVER_CHECK_MS) {
      if (waitedMs >= LEFTOVER_MS) return void this.killGroup("SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, LEFTOVER_CHECK_MS));
    }
  }

  async #attach(): Promise<void> {
    this.stdout.attach();
    this.stdout.wake();
    this.#stderr.attach();
    try {
      for (let chunk = await this.#stderr.read(); chunk; chunk = await this.#stderr.read()) this.#onStderr(chunk);
    } catch {
      // It broke: what had come was passed on.
    }
  }
}

/** The exit of a process that was ended by the signal of this number. */
export function killedBy(signal: number): Exit {
  return { code: null, signal: "SIG" + (SIGNAL_NAMES[signal - 1] ?? `RT${signal}`) };
}
