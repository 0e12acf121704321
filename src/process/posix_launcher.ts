/**
 * Launcher over posix_spawn(3): on Linux, with FFI. A child costs one vfork-like clone whatever the server's size, leads
 * a session of its own, and tells what it used.
 */

import { ProgramError } from "../errors.ts";
import { limits } from "../limits.ts";
import { spawnApart } from "./apart.ts";
import { Gate } from "./gate.ts";
import { Descriptors, preparePipes } from "./descriptors.ts";
import type { Child, Launcher, LaunchSpec } from "./launcher.ts";
import type { Libc } from "./libc.ts";
import { Nursery } from "./nursery.ts";
import { makePipe } from "./pipe.ts";
import { PosixChild } from "./posix_child.ts";

const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
/** Room for the C library's opaque structures, the largest of which takes 336 bytes in glibc. */
const OPAQUE_BYTES = 512;
const SIGSET_BYTES = 128;
/** Signals that a child must not find ignored because the server ignores them: HUP INT QUIT USR1 USR2 PIPE TERM CHLD. */
const DEFAULTED_SIGNALS = [1, 2, 3, 10, 12, 13, 15, 17];

/** Errors of posix_spawn by errno: why, and what to do. */
const START_ERRORS: Record<number, string> = {
  1: "not permitted",
  2: "no such file, or the interpreter in its first line is missing, or its working directory",
  7: "its arguments and environment are too long",
  8: "not an executable format; give it a first line such as #!/bin/sh, or name its language",
  11: "too many processes; raise the limit (ulimit -u)",
  12: "out of memory",
  13: "permission denied; make it executable (chmod +x)",
  20: "a part of the path is not a directory",
  24: "too many open files; raise the limit (ulimit -n)",
  26: "the file is being written to",
};

/** posix_spawn calls at a time: with more than the cores can run, all children only get slower together. */
const SPAWNS_AT_ONCE = navigator.hardwareConcurrency * 2;

/** Starts processes by posix_spawn(3). */
export class PosixLauncher implements Launcher {
  readonly name = "posix_spawn";
  readonly #libc: Libc;
  readonly #attributes = new Uint8Array(OPAQUE_BYTES);
  /** Read end of a pipe that nobody writes to: the standard input of children that get none. */
  readonly emptyInput: number;
  readonly #children = new Map<number, PosixChild>();
  readonly #spawns = new Gate({ concurrency: SPAWNS_AT_ONCE, queue: Infinity });
  #keepAlive: ReturnType<typeof setInterval> | undefined;
  readonly #nursery = new Nursery();

  constructor(libc: Libc) {
    this.#libc = libc;
    const signals = new Uint8Array(SIGSET_BYTES);
    for (const signal of DEFAULTED_SIGNALS) signals[(signal - 1) >> 3] |= 1 << ((signal - 1) & 7);
    libc.posix_spawnattr_init(this.#attributes);
    libc.posix_spawnattr_setsigdefault(this.#attributes, signals);
    libc.posix_spawnattr_setsigmask(this.#attributes, new Uint8Array(SIGSET_BYTES));
    libc.posix_spawnattr_setflags(
      this.#attributes,
      POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK,
    );
    const [read, write] = makePipe(libc);
    libc.close(write);
    this.emptyInput = read;
  }

  launch(spec: LaunchSpec): Promise<Child> {
    return this.launchWith(spec, []);
  }

  /**
   * Starts a process that gets more descriptors than the three of its standard streams.
   *
   * @param handed what it gets as 3, 4 and so on; still to be closed here
   */
  async launchWith(spec: LaunchSpec, handed: readonly number[]): Promise<PosixChild> {
    using _turn = await this.#spawns.enter();
    const libc = this.#libc;
    using fds = new Descriptors(libc);
    const pipes = preparePipes(libc, fds, spec.stdin);
    const [stdin, stdout, stderr] = pipes.theirs;
    const stdio = [stdin ?? this.emptyInput, stdout, stderr, ...handed];
    const apart = spec.exactUsage ? await this.#spawnApart(spec, stdio) : undefined;
    const pid = apart ?? await this.#spawn(spec, stdio);
    const child = new PosixChild(libc, {
      pid,
      isExact: apart !== undefined,
      ...pipes.take(),
      onStderr: spec.onStderr,
      onReaped: () => this.#remove(pid),
    });
    this.#add(child);
    return child;
  }

  #spawnApart(spec: LaunchSpec, stdio: readonly number[]): Promise<number | undefined> {
    return spawnApart(this.#libc, spec, stdio, { spawn: (...helper) => this.#spawn(...helper), explain });
  }

  async #spawn(spec: LaunchSpec, stdio: readonly number[]): Promise<number> {
    const actions = new Uint8Array(OPAQUE_BYTES);
    this.#libc.posix_spawn_file_actions_init(actions);
    if (spec.cwd !== undefined) this.#libc.posix_spawn_file_actions_addchdir_np(actions, cString(spec.cwd));
    stdio.forEach((fd, target) => this.#libc.posix_spawn_file_actions_adddup2(actions, fd, target));
    // The runtime leaves some of ours open for children, listening sockets of the file system among them: who has one can
    // take what is for others, and stop us by making it wait.
    this.#libc.posix_spawn_file_actions_addclosefrom_np?.(actions, stdio.length);
    const argv = cStrings(spec.argv);
    const envp = cStrings(
      Object.entries({ ...spec.env, ...spec.variables }).map(([name, value]) => `${name}=${value}`),
    );
    const path = cString(spec.argv[0]);
    const pid = new Int32Array(1);
    const call = this.#children.size === 0 ? this.#libc.posix_spawn : this.#libc.posix_spawn_threaded;
    const errno = await call(pid, path, actions, this.#attributes, argv.pointers, envp.pointers);
    this.#libc.posix_spawn_file_actions_destroy(actions);
    keepAlive(argv, envp, path);
    if (errno === 0) return pid[0];
    throw new ProgramError("start", `Cannot start ${spec.argv[0]}: ${explain(errno)}`);
  }

  readonly #onSigchld = () => this.#children.forEach((child) => child.collect());

  #add(child: PosixChild): void {
    if (this.#children.size === 0) {
      Deno.addSignalListener("SIGCHLD", this.#onSigchld);
      // A signal listener alone does not keep our process from ending before those who wait for a child.
      this.#keepAlive = setInterval(() => {}, limits.timerMs);
    }
    this.#children.set(child.pid, child);
    this.#nursery.add(child);
    child.collect(); // it may have ended before it was listened for
  }

  #remove(pid: number): void {
    this.#nursery.remove(this.#children.get(pid)!);
    this.#children.delete(pid);
    if (this.#children.size > 0) return;
    Deno.removeSignalListener("SIGCHLD", this.#onSigchld);
    clearInterval(this.#keepAlive);
  }
}

function explain(errno: number): string {
  return START_ERRORS[errno] ?? `error ${errno}`;
}

const encoder = new TextEncoder();

function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new TypeError("Cannot pass a NUL byte to a program");
  return encoder.encode(text + "\0");
}

/** An array of C strings: their bytes, and the pointers to them, of which the last is null. */
interface CStrings {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pointers: BigUint64Array<ArrayBuffer>;
}

function cStrings(strings: readonly string[]): CStrings {
  const bytes = encoder.encode(strings.join("\0") + "\0");
  const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  const pointers = new BigUint64Array(strings.length + 1);
  let at = 0;
  for (let i = 0; i < strings.length; i++) {
    pointers[i] = base + BigInt(at);
    at = bytes.indexOf(0, at) + 1;
  }
  if (strings.length > 0 && at !== bytes.byteLength) throw new TypeError("Cannot pass a NUL byte to a program");
  return { bytes, pointers };
}

/** Names what a call in another thread still reads, so that it is not collected before. */
function keepAlive(..._held: unknown[]): void {}
