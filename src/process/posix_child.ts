/** A child of posix_spawn(3): its signals, its end, what it used. */

import type { Exit } from "../errors.ts";
import type { Child, ResourceUsage } from "./launcher.ts";
import type { Libc } from "./libc.ts";
import type { PipeSink, PipeSource } from "./pipe.ts";

const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x01000000;
const CLD_EXITED = 1;
const SIGINFO_BYTES = 128;
const RUSAGE_BYTES = 144;

const SIGNALS = { SIGTERM: 15, SIGKILL: 9 } as const;
/** Signal names by number, from 1. */
const SIGNAL_NAMES = ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP " +
  "TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS").split(" ");

/** How often the launcher calls `tick`. */
export const TICK_MS = 2;
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

/** What a child is made of. */
export interface PosixChildParts {
  readonly pid: number;
  readonly stdin: PipeSink | undefined;
  readonly stdout: PipeSource;
  readonly stderr: PipeSource;
  readonly onStderr: (chunk: Uint8Array) => void;
  /** Called once, when the pid is no longer taken. */
  readonly onReaped: () => void;
}

/**
 * States: running -> ended (a zombie, whose pid still names the group) -> reaped. `collect` makes the first step,
 * `close` the second.
 */
export class PosixChild implements Child {
  readonly pid: number;
  readonly stdin: PipeSink | undefined;
  readonly stdout: PipeSource;
  readonly exit: Promise<Exit>;
  readonly #libc: Libc;
  readonly #parts: PosixChildParts;
  #ticks = 0;
  /** Resolves at the end of standard error, once the event loop watches it. */
  #attached: Promise<void> | undefined;
  #resolveExit!: (exit: Exit) => void;
  #ended = false;
  #drained: Promise<void> | undefined;
  #usage: Promise<ResourceUsage> | undefined;

  constructor(libc: Libc, parts: PosixChildParts) {
    this.#libc = libc;
    this.#parts = parts;
    this.pid = parts.pid;
    this.stdin = parts.stdin;
    this.stdout = parts.stdout;
    this.exit = new Promise((resolve) => this.#resolveExit = resolve);
  }

  /** Looks whether the leader has ended; to be called when any child may have. */
  collect(): void {
    if (this.#ended) return;
    const exit = peekExit(this.#libc, this.pid);
    if (!exit) return;
    this.#ended = true;
    this.#resolveExit(exit);
    this.stdout.wake();
  }

  /**
   * Looks whether anything was written; to be called every `TICK_MS`.
   *
   * @returns false when that is no longer needed
   */
  tick(): boolean {
    if (this.#attached || this.#drained || this.#usage) return false;
    if (++this.#ticks > YOUNG_TICKS) {
      this.#attached = this.#attach();
      return false;
    }
    this.stdout.wake();
    const { stderr, onStderr } = this.#parts;
    const chunk = stderr.poll(); // one a tick: a program that never stops writing must not hold us here
    if (chunk) onStderr(chunk);
    return true;
  }

  get ended(): boolean {
    return this.#ended;
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    if (!this.#usage) this.#libc.kill(-this.pid, SIGNALS[name]);
  }

  close(): Promise<ResourceUsage> {
    return this.#usage ??= this.#close();
  }

  async #close(): Promise<ResourceUsage> {
    await this.exit;
    this.#libc.kill(-this.pid, SIGNALS.SIGTERM);
    const usage = reap(this.#libc, this.pid);
    this.#parts.onReaped();
    this.stdin?.abort();
    this.stdout.cancel();
    await Promise.all([this.drainStderr(), this.#endGroup()]);
    return usage;
  }

  drainStderr(): Promise<void> {
    return this.#drained ??= this.#drainStderr();
  }

  async #drainStderr(): Promise<void> {
    const { stderr, onStderr } = this.#parts;
    if (this.#attached) {
      const grace = setTimeout(() => stderr.cancel(), STDERR_GRACE_MS);
      await this.#attached;
      clearTimeout(grace);
    } else {
      let left = PIPE_BYTES; // more than that is not the program's, but of somebody who may go on without end
      for (let chunk = stderr.poll(); chunk && left > 0; chunk = stderr.poll()) {
        onStderr(chunk);
        left -= chunk.byteLength;
      }
    }
    stderr.cancel();
  }

  /** Gives what is left of the group a moment to end by itself. A group that still has members keeps its number. */
  async #endGroup(): Promise<void> {
    for (let waitedMs = 0; this.#libc.kill(-this.pid, 0) === 0; waitedMs += LEFTOVER_CHECK_MS) {
      if (waitedMs >= LEFTOVER_MS) return void this.#libc.kill(-this.pid, SIGNALS.SIGKILL);
      await new Promise((resolve) => setTimeout(resolve, LEFTOVER_CHECK_MS));
    }
  }

  async #attach(): Promise<void> {
    const { stderr, onStderr } = this.#parts;
    this.stdout.attach();
    this.stdout.wake();
    stderr.attach();
    try {
      for (let chunk = await stderr.read(); chunk; chunk = await stderr.read()) onStderr(chunk);
    } catch {
      // It broke: what had come was passed on.
    }
  }
}

/** siginfo_t as on 64-bit Linux: si_signo, si_errno, si_code, padding, si_pid, si_uid, si_status. */
const info = new Int32Array(SIGINFO_BYTES / Int32Array.BYTES_PER_ELEMENT);

/** How a child has ended, leaving it a zombie; undefined while it runs. */
function peekExit(libc: Libc, pid: number): Exit | undefined {
  info.fill(0);
  const failed = libc.waitid(P_PID, pid, info, WEXITED | WNOHANG | WNOWAIT) !== 0;
  // Somebody else has reaped it: how it ended can't be known any more, and that must not pass for success.
  if (failed) return { code: null, signal: null };
  const [, , how, , who, , status] = info;
  if (who === 0) return undefined;
  return how === CLD_EXITED
    ? { code: status, signal: null }
    : { code: null, signal: "SIG" + (SIGNAL_NAMES[status - 1] ?? `RT${status}`) };
}

function reap(libc: Libc, pid: number): ResourceUsage {
  const usage = new BigInt64Array(RUSAGE_BYTES / BigInt64Array.BYTES_PER_ELEMENT);
  libc.wait4(pid, new Int32Array(1), 0, usage);
  // struct rusage: ru_utime and ru_stime as seconds and microseconds, then ru_maxrss in KiB.
  const [userSec, userMicros, systemSec, systemMicros, maxRssKib] = Array.from(usage.subarray(0, 5), Number);
  return {
    userMs: userSec * 1000 + userMicros / 1000,
    systemMs: systemSec * 1000 + systemMicros / 1000,
    maxRssBytes: maxRssKib * 1024,
  };
}
