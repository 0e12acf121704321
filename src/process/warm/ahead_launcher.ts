/**
 * Launcher of one program whose interpreter can't fork: it keeps processes that were started ahead, each for one run. They
 * have loaded what they may and wait for the run's variables; docs/warm.md has what passes between them and us. A run
 * costs what is left of the start, as long as the processor has time to start the next. Whatever no waiting process can
 * take is done cold, so that a request never waits for a start longer than it would without them.
 */

import type { Child, LaunchSpec } from "../launcher.ts";
import { Nursery } from "../nursery.ts";
import { backoffMs, fingerprint, type KeepingLauncher, type KeepingOptions, type WarmState } from "./keep_warm.ts";
import { encodeVariables, Spare, type SpareEnd, type SpareOptions } from "./spare.ts";
import { SpareCount } from "./spare_count.ts";

/** What an ahead launcher needs. */
export interface AheadLauncherOptions extends SpareOptions, KeepingOptions {}

/** Starts at a time, those of cold runs too: more would only take the processor from the runs. */
const STARTS_AT_ONCE = navigator.hardwareConcurrency;
/** How long a run has the processor before the next spare is started: most have ended by then. */
const HEAD_START_MS = 15;
const TICK_MS = 1000;

/**
 * States: idle -> loading (the first spare starts) -> ready -> (idle, failed); loading -> (refused, failed); any -> closed.
 */
export class AheadLauncher implements KeepingLauncher {
  readonly name = "ahead";
  readonly #options: AheadLauncherOptions;
  readonly #count: SpareCount;
  readonly #nursery = new Nursery();
  #state: WarmState = { kind: "idle" };
  /** Those that wait for a run, and those that start, in this order. */
  readonly #spares = new Set<Spare>();
  /** Starts and ends of spares that are under way. */
  readonly #work = new Set<Promise<void>>();
  /** When the cold runs under way were started. */
  readonly #coldStarts = new Set<{ readonly atMs: number }>();
  /** What the sources looked like before the spares were started. */
  #sources: string | undefined;
  /** One was seen to wait. Until then one is started at a time: it might run the program instead. */
  #proven = false;
  /** Those that died since one was last given a run. */
  #deaths = 0;
  #clock: ReturnType<typeof setInterval> | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;

  constructor(options: AheadLauncherOptions) {
    this.#options = options;
    this.#count = new SpareCount(options.sparesMax);
  }

  get state(): WarmState {
    return this.#state;
  }

  /** Starts a spare, if there is none, and waits until it is known how runs are started. */
  async prepare(): Promise<void> {
    this.#refresh();
    this.#count.begin(performance.now());
    this.#fill();
    while (this.#state.kind === "loading") await Promise.race(this.#work);
  }

  async launch(spec: LaunchSpec): Promise<Child> {
    this.#refresh();
    this.#count.arrive(performance.now());
    const child = this.#give(spec);
    if (!child) return await this.#launchCold(spec);
    this.#fillSoon();
    return child;
  }

  waiting(): readonly number[] {
    return [...this.#spares].flatMap(({ pid }) => pid ?? []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#state = { kind: "closed" };
    this.#giveUp();
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** Gives a run to the spare that has waited longest. */
  #give(spec: LaunchSpec): Child | undefined {
    const request = encodeVariables(spec.variables);
    if (!request) return undefined;
    for (const spare of this.#spares) {
      const child = spare.give(request, spec);
      if (!child) continue;
      this.#spares.delete(spare);
      this.#deaths = 0;
      return child;
    }
  }

  async #launchCold(spec: LaunchSpec): Promise<Child> {
    const start = { atMs: performance.now() };
    this.#coldStarts.add(start);
    this.#fill();
    try {
      const child = await this.#options.launcher.launch(spec);
      child.exit.then(() => {
        this.#coldStarts.delete(start);
        this.#fill();
      });
      return child;
    } catch (error) {
      this.#coldStarts.delete(start);
      throw error;
    }
  }

  /** Gives up the spares when what they may have read has changed. */
  #refresh(): void {
    const sources = fingerprint(this.#options.sources);
    if (this.#state.kind === "closed" || sources === this.#sources) return;
    this.#giveUp();
    this.#sources = sources;
    this.#proven = false;
    this.#deaths = 0;
    // The variable would take the place of the user's own.
    const taken = Object.keys(this.#options.waitEnv).find((name) => name in this.#options.env);
    this.#state = taken === undefined ? { kind: "idle" } : { kind: "refused", why: `its environment sets ${taken}` };
  }

  #giveUp(): void {
    clearInterval(this.#clock);
    clearTimeout(this.#soon);
    this.#clock = this.#soon = undefined;
    for (const spare of this.#spares) this.#retire(spare);
  }

  /** Starts as many spares as are missing. Nothing is waited for. */
  #fill(): void {
    if (this.#state.kind === "closed" || this.#state.kind === "refused") return;
    if (this.#state.kind === "failed" && performance.now() < this.#state.retryAtMs) return;
    const atOnce = this.#proven ? STARTS_AT_ONCE - this.#countColdStarts() : 1;
    let starting = [...this.#spares].filter((spare) => spare.starts).length;
    while (starting++ < atOnce && this.#spares.size < this.#count.target) {
      if (!this.#proven) this.#state = { kind: "loading" };
      this.#track(this.#start());
    }
    if (this.#clock !== undefined || this.#spares.size === 0) return;
    this.#clock = setInterval(() => this.#tick(), TICK_MS);
    Deno.unrefTimer(this.#clock);
  }

  /** Cold runs that may still be at their start: one that takes its time later must not keep spares from being started. */
  #countColdStarts(): number {
    const since = performance.now() - 2 * this.#count.startMs;
    return [...this.#coldStarts].filter(({ atMs }) => atMs > since).length;
  }

  /** Replaces a spare, when its run has had a moment. */
  #fillSoon(): void {
    if (this.#soon !== undefined) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#fill();
    }, HEAD_START_MS);
    Deno.unrefTimer(this.#soon);
  }

  async #start(): Promise<void> {
    const spare = new Spare(this.#options);
    this.#spares.add(spare);
    const [sources, began] = [this.#sources, performance.now()];
    const failure = await spare.start(this.#nursery);
    if (failure) return this.#lost(spare, failure);
    if (this.#state.kind === "closed" || sources !== this.#sources) return;
    this.#count.started(performance.now() - began);
    this.#proven = true;
    this.#state = { kind: "ready" };
    spare.ended.then((end) => this.#lost(spare, end));
    this.#fill();
  }

  /** A spare has ended that was neither told to nor given a run. */
  #lost(spare: Spare, end: SpareEnd): void {
    if (!this.#spares.delete(spare)) return;
    if (!this.#proven && end.exit?.code === 0) {
      return void (this.#state = { kind: "refused", why: "its interpreter does not wait for a request, but ends" });
    }
    // One that has waited is replaced at once: it may have been killed for its memory.
    const waitMs = this.#proven && this.#deaths === 0 ? 0 : backoffMs(this.#deaths);
    this.#deaths++;
    if (waitMs === 0) return this.#fill();
    this.#state = { kind: "failed", why: end.why, retryAtMs: performance.now() + waitMs };
    this.#options.onEvent("warn", `started cold for a while: ${end.why}`);
  }

  #retire(spare: Spare): void {
    this.#spares.delete(spare);
    this.#track(spare.retire());
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    work.finally(() => this.#work.delete(work));
  }

  #tick(): void {
    this.#count.tick(performance.now());
    for (const spare of this.#spares) {
      if (this.#spares.size > this.#count.target) this.#retire(spare);
    }
    this.#fill();
    if (this.#spares.size > 0 || this.#count.target > 0) return;
    clearInterval(this.#clock);
    this.#clock = undefined;
    if (this.#state.kind === "ready") this.#state = { kind: "idle" };
  }
}
