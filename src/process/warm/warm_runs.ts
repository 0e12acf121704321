/** The runs of one warm parent: those that were sent and that no child has begun yet, and those that a child is at. */

import type { ChildPipes } from "../descriptors.ts";
import type { Child, LaunchSpec } from "../launcher.ts";
import type { Libc } from "../libc.ts";
import { Nursery } from "../nursery.ts";
import type { Report } from "./reports.ts";
import { WarmChild } from "./warm_child.ts";

/** A run that no child has begun yet. */
interface Pending {
  readonly pipes: ChildPipes;
  readonly onStderr: LaunchSpec["onStderr"];
  readonly resolve: (child: Child | undefined) => void;
}

/** States of a run: pending -> begun -> (over) -> reaped, or pending -> given back. */
export class WarmRuns {
  readonly #libc: Libc;
  /** Runs that a child takes, one after the other, and by pid what it has taken. */
  readonly #reuse: number;
  readonly #taken = new Map<number, number>();
  readonly #pending = new Map<number, Pending>();
  readonly #children = new Map<number, WarmChild>();
  readonly #nursery = new Nursery();
  /** Pids and runs that the last look found without a process. */
  #dead: ReadonlySet<number> = new Set();
  #lost: ReadonlySet<number> = new Set();
  /** Whether a run was begun since the last count, and the counts in a row before which none was though some waited. */
  #begun = false;
  #stalls = 0;

  constructor(libc: Libc, reuse: number) {
    this.#libc = libc;
    this.#reuse = reuse;
  }

  /** Runs that no child has begun. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Children that are at a run. */
  get running(): number {
    return this.#children.size;
  }

  /** True for a child that is at a run. */
  has(pid: number): boolean {
    return this.#children.has(pid);
  }

  /** Takes a run that was sent; resolves when a child has begun it, or to undefined when none ever will. */
  send(run: number, pipes: ChildPipes, onStderr: LaunchSpec["onStderr"]): Promise<Child | undefined> {
    return new Promise((resolve) => this.#pending.set(run, { pipes, onStderr, resolve }));
  }

  /** A child has begun a run. */
  begin({ run, pid }: Report & { kind: "took" }): void {
    const pending = this.#pending.get(run);
    if (!pending) throw new RangeError(`Cannot begin the run ${run}: nobody waits for it`);
    this.#pending.delete(run);
    this.#begun = true;
    const { pipes, onStderr, resolve } = pending;
    const onClosed = () => this.#nursery.remove(child);
    const child = new WarmChild(this.#libc, { pid, ...pipes, onStderr, onClosed });
    this.#children.set(pid, child);
    this.#nursery.add(child);
    resolve(child);
  }

  /** A child's run is over. */
  over({ pid, code }: Report & { kind: "done" }): void {
    const child = this.#children.get(pid);
    if (!child) return;
    child.runIsOver(code);
    if (this.#reuse === 1) return;
    const taken = (this.#taken.get(pid) ?? 0) + 1;
    this.#taken.set(pid, taken);
    if (taken === this.#reuse || code !== 0) return;
    child.goesOn();
    this.#children.delete(pid);
  }

  /**
   * A child was reaped.
   *
   * @returns false when it was at no run
   */
  reaped({ pid, exit, usage, left }: Report & { kind: "ended" }): boolean {
    this.#taken.delete(pid);
    const child = this.#children.get(pid);
    if (!child) return false;
    child.wasReaped(exit, { usage, left });
    this.#children.delete(pid);
    return true;
  }

  /**
   * To be called every second: gives back the runs that a child took along when it died before it could say so.
   *
   * @returns how often in a row runs waited, and none had been begun since the call before
   */
  countStalls(): number {
    this.#giveBack();
    this.#stalls = this.#pending.size > 0 && !this.#begun ? this.#stalls + 1 : 0;
    this.#begun = false;
    return this.#stalls;
  }

  /**
   * After the parent's death: lets children go that have ended, and gives back what none has begun. Whatever has no
   * process is remembered, and believed the next time: all that was reported before has to be heard in between.
   */
  lookAround(): void {
    const ended = [...this.#children.values()].filter((child) => !isAlive(child.pid));
    for (const child of ended.filter(({ pid }) => this.#dead.has(pid))) {
      child.hasGone();
      this.#children.delete(child.pid);
    }
    this.#dead = new Set(ended.map(({ pid }) => pid));
    this.#giveBack();
  }

  #giveBack(): void {
    const lost = new Set<number>();
    for (const [run, { pipes, onStderr, resolve }] of this.#pending) {
      // It may have begun, and that not been read yet: what were taken from its standard output here would be missing.
      const chunk = pipes.stderr.poll();
      if (chunk) onStderr(chunk);
      if (!pipes.stderr.ended) continue;
      lost.add(run);
      if (!this.#lost.has(run)) continue;
      this.#pending.delete(run);
      pipes.stdin?.abort();
      pipes.stdout.cancel();
      resolve(undefined);
    }
    this.#lost = lost;
  }
}

/** False when a process has gone, or has ended and waits to be reaped. */
function isAlive(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}
