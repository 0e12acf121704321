/** What the ways to keep a program warm have in common. */

import type { Launcher } from "../launcher.ts";

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
