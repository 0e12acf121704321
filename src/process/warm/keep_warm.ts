/** What the ways to keep a program warm have in common. */

import type { Launcher, LaunchSpec } from "../launcher.ts";
import type { Libc } from "../libc.ts";
import type { PosixLauncher } from "../posix_launcher.ts";

/** What starts an interpreter that waits for runs. */
export interface InterpreterOptions {
  readonly libc: Libc;
  readonly launcher: PosixLauncher;
  readonly argv: LaunchSpec["argv"];
  /** The environment that all runs share. */
  readonly env: LaunchSpec["env"];
  readonly cwd: string | undefined;
  /** Takes what it writes itself, outside of any run. */
  readonly onOutput: (chunk: Uint8Array) => void;
}

/** What a launcher needs that keeps a program warm. */
export interface KeepingOptions extends InterpreterOptions {
  /** What an interpreter that waits may have read: when one of them changes, it is replaced. */
  readonly sources: readonly string[];
  /** Processes that wait for a run, at most. */
  readonly sparesMax: number;
  /** Takes what happens to those that wait: one sentence each. */
  readonly onEvent: (level: "info" | "warn", message: string) => void;
}

/** How runs are started: `ready` is warm, all else is cold. */
export type WarmState =
  | { readonly kind: "idle" | "loading" | "ready" | "closed" }
  /** Cold until the source changes, or for good. */
  | { readonly kind: "refused"; readonly why: string }
  /** Cold until the next attempt. */
  | { readonly kind: "failed"; readonly why: string; readonly retryAtMs: number };

/** A launcher that keeps one program warm, and starts it cold whenever it can't. */
export interface KeepingLauncher extends Launcher, AsyncDisposable {
  /** How runs are started now. */
  readonly state: WarmState;
  /** Loads the program, if that was not done yet, and waits until it is known how runs are started. */
  prepare(): Promise<void>;
  /** Process ids of those that wait for a run now. */
  waiting(): readonly number[];
}

/** What processes that wait for a run cost. */
export interface WaitingProcesses {
  /** How many wait. */
  readonly count: number;
  /** Memory that one of them has of its own, bytes, on average: what it would not share with another. */
  readonly ownBytes: number;
}

/** Looks what those that wait cost; undefined when none does. */
export function costOfWaiting(launcher: KeepingLauncher): WaitingProcesses | undefined {
  const sizes = launcher.waiting().map(ownBytes).filter((size) => size !== undefined);
  if (sizes.length === 0) return undefined;
  return { count: sizes.length, ownBytes: sizes.reduce((sum, size) => sum + size) / sizes.length };
}

function ownBytes(pid: number): number | undefined {
  try {
    const lines = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`).matchAll(/^Private_(?:Clean|Dirty): *(\d+) kB/gm);
    return Array.from(lines, ([, kib]) => Number(kib) * 1024).reduce((sum, bytes) => sum + bytes, 0);
  } catch {
    return undefined; // it has taken a run and ended
  }
}

const BACKOFF_MS = 500;
const BACKOFF_MS_MAX = 60_000;

/** How long what has failed is not tried again: doubled by each failure in a row that came before. */
export function backoffMs(failuresBefore: number): number {
  return Math.min(BACKOFF_MS * 2 ** failuresBefore, BACKOFF_MS_MAX);
}

/** Variables as an interpreter that waits reads them, each ended by NUL; undefined when one holds a NUL itself. */
export function packVariables(variables: LaunchSpec["variables"] = {}): string | undefined {
  const strings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return strings.some((string) => string.includes("\0")) ? undefined : strings.map((string) => string + "\0").join("");
}

/** What tells a changed file: which it is, its length, its times. Of a folder only which it is. */
export function fingerprint(paths: readonly string[]): string {
  return paths.map((path) => {
    try {
      const { dev, ino, size, mtime, ctime, isDirectory } = Deno.statSync(path);
      return isDirectory ? `${dev} ${ino}` : `${dev} ${ino} ${size} ${mtime?.getTime()} ${ctime?.getTime()}`;
    } catch {
      return "missing"; // whoever runs it says so
    }
  }).join("\n");
}
