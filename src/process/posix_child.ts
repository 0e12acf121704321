/** A child of our own, by posix_spawn(3): its end, what it used. */

import type { Exit } from "../errors.ts";
import type { ResourceUsage } from "./launcher.ts";
import type { Libc } from "./libc.ts";
import { killedBy, PipedChild, type PipedChildParts } from "./piped_child.ts";

/** Number of the system call; it takes a fifth argument that the C library's function has not (waitid(2)). */
const WAITID = Deno.build.arch === "aarch64" ? 95n : 247n;
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x01000000;
const CLD_EXITED = 1;
const SIGINFO_BYTES = 128;
const RUSAGE_BYTES = 144;

/** What a child of our own is made of. */
export interface PosixChildParts extends PipedChildParts {
  /** Called once, when the pid is no longer taken. */
  readonly onReaped: () => void;
  /** The process has never had our memory. */
  readonly isExact: boolean;
}

/**
 * States: running -> ended (a zombie, whose pid still names the group) -> reaped. `collect` makes the first step,
 * `close` the second.
 */
export class PosixChild extends PipedChild {
  readonly #onReaped: () => void;
  readonly #isExact: boolean;
  #usage: ResourceUsage | undefined;

  constructor(libc: Libc, parts: PosixChildParts) {
    super(libc, parts);
    this.#onReaped = parts.onReaped;
    this.#isExact = parts.isExact;
  }

  get usage(): ResourceUsage | undefined {
    return this.#usage;
  }

  /** Looks whether the leader has ended; to be called when any child may have. */
  collect(): void {
    if (this.ended) return;
    const end = peekEnd(this.libc, this.pid);
    if (!end) return;
    this.#usage = this.#isExact && end.usage ? { ...end.usage, isExact: true } : end.usage;
    this.finish(end.exit);
  }

  protected override reap(): Promise<{ usage: ResourceUsage | undefined; left: boolean }> {
    this.killGroup("SIGTERM");
    this.libc.wait4(this.pid, new Int32Array(1), 0, rusage);
    this.#onReaped();
    return Promise.resolve({ usage: this.#usage, left: true });
  }
}

/** siginfo_t as on 64-bit Linux: si_signo, si_errno, si_code, padding, si_pid, si_uid, si_status. */
const info = new Int32Array(SIGINFO_BYTES / Int32Array.BYTES_PER_ELEMENT);
const rusage = new BigInt64Array(RUSAGE_BYTES / BigInt64Array.BYTES_PER_ELEMENT);

/** How a child has ended and what it used, leaving it a zombie; undefined while it runs. */
function peekEnd(libc: Libc, pid: number): { exit: Exit; usage: ResourceUsage | undefined } | undefined {
  info.fill(0);
  const failed = libc.syscall_waitid(WAITID, P_PID, pid, info, WEXITED | WNOHANG | WNOWAIT, rusage) !== 0n;
  // Somebody else has reaped it: how it ended can't be known any more, and that must not pass for success.
  if (failed) return { exit: { code: null, signal: null }, usage: undefined };
  const [, , how, , who, , status] = info;
  if (who === 0) return undefined;
  return { exit: how === CLD_EXITED ? { code: status, signal: null } : killedBy(status), usage: usageOf(rusage) };
}

/** struct rusage: ru_utime and ru_stime as seconds and microseconds, then ru_maxrss in KiB. */
function usageOf(rusage: BigInt64Array): ResourceUsage {
  const [userSec, userMicros, systemSec, systemMicros, maxRssKib] = Array.from(rusage.subarray(0, 5), Number);
  return {
    userMs: userSec * 1000 + userMicros / 1000,
    systemMs: systemSec * 1000 + systemMicros / 1000,
    maxRssBytes: maxRssKib * 1024,
  };
}
