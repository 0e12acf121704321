/** A child of our own, by posix_spawn(3): its end, what it used. */

import type { Exit } from "../errors.ts";
import type { ResourceUsage } from "./launcher.ts";
import type { Libc } from "./libc.ts";
import { killedBy, PipedChild, type PipedChildParts } from "./piped_child.ts";

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
}

/**
 * States: running -> ended (a zombie, whose pid still names the group) -> reaped. `collect` makes the first step,
 * `close` the second.
 */
export class PosixChild extends PipedChild {
  readonly #onReaped: () => void;

  constructor(libc: Libc, parts: PosixChildParts) {
    super(libc, parts);
    this.#onReaped = parts.onReaped;
  }

  /** Looks whether the leader has ended; to be called when any child may have. */
  collect(): void {
    if (this.ended) return;
    const exit = peekExit(this.libc, this.pid);
    if (exit) this.finish(exit);
  }

  protected override reap(): Promise<{ usage: ResourceUsage; left: boolean }> {
    this.killGroup("SIGTERM");
    const usage = reap(this.libc, this.pid);
    this.#onReaped();
    return Promise.resolve({ usage, left: true });
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
  return how === CLD_EXITED ? { code: status, signal: null } : killedBy(status);
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
