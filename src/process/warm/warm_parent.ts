/**
 * A warm parent: an interpreter that has loaded a program and forks a child for each request. What passes between it and
 * us stands in docs/warm.md. Requests go to its waiting children by one socket that they share, so that the kernel picks
 * one that is free.
 */

import { describeExit } from "../../errors.ts";
import { Descriptors, preparePipes } from "../descriptors.ts";
import type { Source } from "../../bytes/source.ts";
import type { Child, LaunchSpec } from "../launcher.ts";
import { writeNow } from "../pipe.ts";
import type { PosixChild } from "../posix_child.ts";
import { type InterpreterOptions, packVariables } from "./keep_warm.ts";
import { ReportPipe } from "./report_pipe.ts";
import type { Report } from "./reports.ts";
import { WarmRuns } from "./warm_runs.ts";
import { makeSocketPair, WorkSocket } from "./work_socket.ts";

/** What is sent when a parent is closed has so long to be begun by its children, before it is given back. */
const QUEUED_MS = 2000;

/** A parent that was let go has so long to end when nothing of it runs any more. */
const LINGER_MS = 3000;

/** What a warm parent needs. */
export interface WarmParentOptions extends InterpreterOptions {
  /** Called when a child was reaped that never began a run; many of those mean that children can't live here. */
  readonly onIdleDeath: () => void;
  /** Called when a child could not be forked. */
  readonly onForkFailure: (why: string) => void;
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
  readonly #reports: ReportPipe;
  readonly #runs: WarmRuns;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  /** Those who found the socket full. */
  #blocked: (() => void)[] = [];
  #process!: PosixChild;
  #sent = 0;
  #target = 0;
  #forks = false;
  #closing = false;
  #released = false;
  #late: ReturnType<typeof setTimeout> | undefined;

  private constructor(options: WarmParentOptions, work: WorkSocket, control: number, reports: number) {
    this.#options = options;
    this.#work = work;
    this.#control = control;
    this.#runs = new WarmRuns(options.libc, Number(options.env.SLUICE_REUSE ?? 1));
    this.#reports = new ReportPipe(
      options.libc,
      reports,
      (report) => this.#take(report),
      (error) => this.#distrust(error),
    );
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

  /** Process ids of the children that wait for a run. */
  waiting(): number[] {
    return childrenOf(this.pid).filter((pid) => !this.#runs.has(pid));
  }

  /** Sets how many children shall be alive, those that run and those that wait for a run. */
  resize(target: number): void {
    if (target === this.#target || this.#closing) return;
    const surplus = this.#target - Math.max(target, this.#runs.running);
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
    const run = ++this.#sent;
    const variables = packVariables(spec.variables);
    if (variables === undefined) return undefined; // refused by the cold launch
    const packet = `${run}\0${variables}`;
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
    return this.#runs.send(run, take(), spec.onStderr); // not awaited here, where the child's ends of its pipes are open
  }

  /** See `WarmRuns.countStalls`. */
  countStalls(): number {
    return this.#runs.countStalls();
  }

  /** Takes no more runs; those that were sent are begun, and those under way are left to end. */
  close(): void {
    if (this.#closing) return;
    if (!this.#forks) return this.kill(); // while it loads it does not listen
    this.#closing = true;
    this.#unblock();
    if (this.#runs.pending === 0) this.#release();
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
    this.#late = setTimeout(() => this.#endIfIdle(), LINGER_MS);
  }

  #endIfIdle(): void {
    this.#process.collect();
    if (this.#runs.running === 0) this.#process.signal("SIGKILL");
    this.#late = setTimeout(() => this.#endIfIdle(), LINGER_MS);
  }

  async #follow(process: PosixChild): Promise<void> {
    this.#process = process;
    this.#passOn(process.stdout);
    const exit = await process.exit;
    this.#ended.resolve();
    this.#release();
    clearTimeout(this.#late);
    if (!this.#forks) await this.#reports.settle(); // it may have refused
    this.#ready.reject(new Error(`the warm parent ended with ${describeExit(exit)} while it loaded`));
    while (this.#runs.pending > 0 || this.#runs.running > 0) {
      this.#runs.lookAround();
      await this.#reports.settle();
    }
    await Promise.all([this.#reports.close(), process.close()]);
    this.#gone.resolve();
  }

  async #passOn(output: Source): Promise<void> {
    for (let chunk = await output.read(); chunk; chunk = await output.read()) this.#options.onOutput(chunk);
  }

  /** Ends a parent that says what can't be. What its children say is heard on, or a run might be done twice. */
  #distrust(error: unknown): void {
    this.#ready.reject(error);
    this.kill();
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
        this.#runs.begin(report);
        if (this.#closing && this.#runs.pending === 0) this.#release();
        return this.#unblock();
      case "done":
        return this.#runs.over(report);
      case "ended":
        if (!this.#runs.reaped(report) && report.exit.code !== 0) this.#options.onIdleDeath();
    }
  }

  #unblock(): void {
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const resume of blocked) resume();
  }
}

function childrenOf(pid: number): number[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  } catch {
    return []; // it has gone
  }
}
