/**
 * A warm parent: an interpreter that has loaded a program and forks a child for each request. What passes between it and
 * us stands in docs/warm.md. Requests go to its waiting children by one socket that they share, so that the kernel picks
 * one that is free.
 */

import { describeExit } from "../../errors.ts";
import { type ChildPipes, Descriptors, preparePipes } from "../descriptors.ts";
import type { Source } from "../../bytes/source.ts";
import type { Child, LaunchSpec } from "../launcher.ts";
import type { Libc } from "../libc.ts";
import { Nursery } from "../nursery.ts";
import { PipeSource, writeNow } from "../pipe.ts";
import type { PosixLauncher } from "../posix_launcher.ts";
import { LineReader, parseReport, type Report } from "./reports.ts";
import { WarmChild } from "./warm_child.ts";
import { makeSocketPair, WorkSocket } from "./work_socket.ts";

/** How often children whose parent has died are looked at. */
const ORPHANS_MS = 10;
/** Turns of the event loop in which whatever it has read from a pipe has reached us. */
const TURNS = 5;
/** More than a pipe holds, so that a read takes whole reports. */
const REPORTS_BYTES = 64 * 1024;
const F_DUPFD_CLOEXEC = 1030;
/** What is sent when a parent is closed has so long to be begun by its children, before it is given back. */
const QUEUED_MS = 2000;

/** What a warm parent needs. */
export interface WarmParentOptions {
  readonly libc: Libc;
  readonly launcher: PosixLauncher;
  readonly argv: LaunchSpec["argv"];
  readonly env: LaunchSpec["env"];
  readonly cwd: string | undefined;
  /** Takes what the parent itself writes to standard output and error. */
  readonly onOutput: (chunk: Uint8Array) => void;
  /** Called when a child was reaped that never began a run; many of those mean that children can't live here. */
  readonly onIdleDeath: () => void;
  /** Called when a child could not be forked. */
  readonly onForkFailure: (why: string) => void;
}

/** A run that no child has begun yet. */
interface Pending {
  readonly pipes: ChildPipes;
  readonly onStderr: LaunchSpec["onStderr"];
  readonly resolve: (child: Child | undefined) => void;
}

/** The reason why a program does not qualify: it would fail, or answer otherwise than it does cold. */
export class WarmRefusal extends Error {}

const encoder = new TextEncoder();

/** States: loading -> ready (or refused) -> closing -> gone. */
export class WarmParent {
  /** Resolves when it can fork; rejects with the reason when it refuses, or dies before. */
  readonly ready: Promise<void>;
  /** Resolves when it has died. */
  readonly ended: Promise<void>;
  /** Resolves when it has died and so have its children that were running. */
  readonly gone: Promise<void>;
  readonly #options: WarmParentOptions;
  readonly #work: WorkSocket;
  readonly #control: number;
  readonly #reports: PipeSource;
  /** The same pipe, to see whether the event loop has read all of it. */
  readonly #reportsLeft: number;
  readonly #lines = new LineReader();
  readonly #nursery = new Nursery();
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  readonly #pending = new Map<number, Pending>();
  readonly #children = new Map<number, WarmChild>();
  /** Those who found the socket full. */
  #blocked: (() => void)[] = [];
  #process!: Child;
  #runs = 0;
  #target = 0;
  #forks = false;
  #closing = false;
  #released = false;
  #late: ReturnType<typeof setTimeout> | undefined;
  /** Whether a run was begun since the last look, and the looks in a row before which none was though some waited. */
  #begun = false;
  #stalls = 0;
  /** Runs that were found to be in nobody's hands at the last look. */
  #lost: ReadonlySet<number> = new Set();
  /** Runs that a child takes one after the other, and by pid what it has taken. */
  readonly #reuse: number;
  readonly #taken = new Map<number, number>();

  private constructor(options: WarmParentOptions, work: WorkSocket, control: number, reports: number) {
    this.#options = options;
    this.#work = work;
    this.#control = control;
    this.#reports = new PipeSource(options.libc, reports);
    this.#reportsLeft = options.libc.fcntl(reports, F_DUPFD_CLOEXEC, 0);
    this.#reuse = Number(options.env.SLUICE_REUSE ?? 1);
    this.ready = this.#ready.promise;
    this.ready.catch(() => {/* whoever waits for it is told */});
    this.ended = this.#ended.promise;
    this.gone = this.#gone.promise;
  }

  /**
   * Starts a parent; it is loading when this resolves.
   *
   * @throws {ProgramError} `start` when its interpreter can't be started
   */
  static async start(options: WarmParentOptions): Promise<WarmParent> {
    const { libc, launcher, argv, env, cwd, onOutput } = options;
    using fds = new Descriptors(libc);
    const [ours, theirs] = makeSocketPair(libc).map((fd) => fds.adopt(fd));
    const [reports, control] = [fds.pipe(), fds.pipe()];
    const spec = { argv, env, cwd, stdin: "null", onStderr: onOutput } as const;
    const process = await launcher.launchWith(spec, [theirs, reports.write, control.read]);
    const parent = new WarmParent(
      options,
      new WorkSocket(libc, fds.release(ours)),
      fds.release(control.write),
      fds.release(reports.read),
    );
    parent.#follow(process);
    return parent;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Sets how many children shall be alive, those that run and those that wait for a run. */
  resize(target: number): void {
    if (target === this.#target || this.#closing) return;
    const surplus = this.#target - Math.max(target, this.#children.size);
    this.#target = target;
    writeNow(this.#options.libc, this.#control, encoder.encode(`target ${target}\n`));
    for (let i = 0; i < surplus; i++) this.#work.retireOne();
  }

  /**
   * Runs the program once.
   *
   * @returns undefined when no child began the run, because the request is too large or the parent has died
   */
  async launch(spec: LaunchSpec): Promise<Child | undefined> {
    const run = ++this.#runs;
    const variables = Object.entries(spec.variables ?? {}).map(([name, value]) => `${name}=${value}`);
    if (variables.some((variable) => variable.includes("\0"))) return undefined; // it is refused as a cold one is
    const packet = [run, ...variables, ""].join("\0");
    using fds = new Descriptors(this.#options.libc);
    const { theirs, take } = preparePipes(this.#options.libc, fds, spec.stdin);
    const descriptors = theirs.map((fd) => fd ?? this.#options.launcher.emptyInput);
    for (;;) {
      if (this.#closing) return undefined;
      const outcome = this.#work.send(packet, descriptors);
      if (outcome === "large") return undefined;
      if (outcome === "sent") break;
      await new Promise<void>((resolve) => this.#blocked.push(resolve));
    }
    return new Promise((resolve) => this.#pending.set(run, { pipes: take(), onStderr: spec.onStderr, resolve }));
  }

  /**
   * To be called every second: gives back the runs that a child took along when it died before it could say so.
   *
   * @returns how often in a row runs waited, and none had been begun since the call before
   */
  countStalls(): number {
    this.#lost = this.#giveBack(this.#lost);
    this.#stalls = this.#pending.size > 0 && !this.#begun ? this.#stalls + 1 : 0;
    this.#begun = false;
    return this.#stalls;
  }

  /** Takes no more runs; those that were sent are begun, and those under way are left to end. */
  close(): void {
    if (this.#closing) return;
    if (!this.#forks) return this.kill(); // while it loads it does not listen
    this.#closing = true;
    this.#unblock();
    if (this.#pending.size === 0) this.#release();
    else this.#late = setTimeout(() => this.kill(), QUEUED_MS);
  }

  /** Ends the parent at once. Its running children go on. */
  kill(): void {
    this.#release();
    this.#process.signal("SIGKILL");
  }

  /** Lets the parent go: it forks no more, and its waiting children end. */
  #release(): void {
    this.#closing = true;
    clearTimeout(this.#late);
    this.#unblock();
    if (this.#released) return;
    this.#released = true;
    this.#options.libc.close(this.#control);
    this.#work.close();
  }

  async #follow(process: Child): Promise<void> {
    this.#process = process;
    this.#reports.attach();
    const reports = this.#read();
    this.#passOn(process.stdout);
    const exit = await process.exit;
    this.#ready.reject(new Error(`it ended with ${describeExit(exit)} before it was ready`));
    this.#ended.resolve();
    this.#release();
    await this.#outlive();
    this.#reports.cancel();
    this.#options.libc.close(this.#reportsLeft);
    await Promise.all([reports, process.close()]);
    this.#gone.resolve();
  }

  /** After the parent's death: children that run go on, and what no child has begun never will be. */
  async #outlive(): Promise<void> {
    let [dead, lost]: ReadonlySet<number>[] = [new Set(), new Set()];
    let left = new Uint8Array(0);
    while (this.#pending.size > 0 || this.#children.size > 0) {
      for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setTimeout(resolve, ORPHANS_MS / TURNS));
      this.#hear(left);
      dead = this.#dismiss(dead);
      lost = this.#giveBack(lost);
      // Who has gone by now has written its last report: the event loop has it, or it is here.
      const bytes = new Uint8Array(REPORTS_BYTES);
      const count = Number(this.#options.libc.read(this.#reportsLeft, bytes, BigInt(REPORTS_BYTES)));
      left = bytes.subarray(0, Math.max(count, 0));
    }
  }

  async #read(): Promise<void> {
    try {
      for (let chunk = await this.#reports.read(); chunk; chunk = await this.#reports.read()) this.#hear(chunk);
    } catch (error) {
      this.#ready.reject(error);
    }
  }

  #hear(chunk: Uint8Array): void {
    try {
      for (const line of this.#lines.lines(chunk)) this.#take(parseReport(line));
    } catch (error) {
      this.#ready.reject(error);
      this.kill(); // what it says can't be relied on: its children are looked after like those of a dead one
    }
  }

  async #passOn(output: Source): Promise<void> {
    for (let chunk = await output.read(); chunk; chunk = await output.read()) this.#options.onOutput(chunk);
  }

  #take(report: Report): void {
    switch (report.kind) {
      case "ready":
        this.#forks = true;
        return this.#ready.resolve();
      case "refused":
        return this.#ready.reject(new WarmRefusal(report.why));
      case "failed":
        return this.#options.onForkFailure(report.why);
      case "took":
        return this.#begin(report.run, report.pid);
      case "done":
        return this.#over(report.pid, report.code);
      case "ended":
        return this.#reaped(report);
    }
  }

  #begin(run: number, pid: number): void {
    const pending = this.#pending.get(run);
    if (!pending) throw new RangeError(`Cannot begin the run ${run}: nobody waits for it`);
    this.#pending.delete(run);
    this.#begun = true;
    if (this.#closing && this.#pending.size === 0) this.#release();
    const { pipes, onStderr } = pending;
    const onClosed = () => this.#nursery.remove(child);
    const child = new WarmChild(this.#options.libc, { pid, ...pipes, onStderr, onClosed });
    this.#children.set(pid, child);
    this.#nursery.add(child);
    pending.resolve(child);
    this.#unblock();
  }

  #over(pid: number, code: number): void {
    const child = this.#children.get(pid);
    if (!child) return;
    child.runIsOver(code);
    if (this.#reuse === 1) return;
    const taken = (this.#taken.get(pid) ?? 0) + 1;
    this.#taken.set(pid, taken);
    if (taken === this.#reuse || code !== 0) return;
    child.goesOn();
    this.#children.delete(child.pid);
  }

  #reaped({ pid, exit, usage, left }: Report & { kind: "ended" }): void {
    this.#taken.delete(pid);
    const child = this.#children.get(pid);
    if (!child) return exit.code === 0 ? undefined : this.#options.onIdleDeath();
    child.wasReaped(exit, { usage, left });
    this.#children.delete(child.pid);
  }

  #unblock(): void {
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const resume of blocked) resume();
  }

  /**
   * Lets children go that have ended without their parent's report.
   *
   * @param before pids whose end was seen the last time already: whatever they had reported before it has been read since
   * @returns those whose end was seen now
   */
  #dismiss(before: ReadonlySet<number>): Set<number> {
    const ended = [...this.#children.values()].filter((child) => !isAlive(child.pid));
    for (const child of ended.filter(({ pid }) => before.has(pid))) {
      child.hasGone();
      this.#children.delete(child.pid);
    }
    return new Set(ended.map(({ pid }) => pid));
  }

  /**
   * Gives back runs that no process holds.
   *
   * @param before those that were found so the last time: had one of them been begun, that has been read since
   * @returns those that were found so now
   */
  #giveBack(before: ReadonlySet<number>): Set<number> {
    const lost = new Set<number>();
    for (const [run, { pipes, onStderr, resolve }] of this.#pending) {
      // It may have begun, and that not been read yet: what were taken from its standard output here would be missing.
      const chunk = pipes.stderr.poll();
      if (chunk) onStderr(chunk);
      if (!pipes.stderr.ended) continue;
      lost.add(run);
      if (!before.has(run)) continue;
      this.#pending.delete(run);
      pipes.stdin?.abort();
      pipes.stdout.cancel();
      resolve(undefined);
    }
    return lost;
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
