/**
 * Launcher of one program whose interpreter is kept warm: a run costs a fork instead of a start. Whatever the warm parent
 * can't do, or can't do at the moment, is done cold, so that no request ever waits for it to load or is lost with it.
 */

import type { Child, LaunchSpec } from "../launcher.ts";
import { backoffMs, fingerprint, type KeepingLauncher, type KeepingOptions, type WarmState } from "./keep_warm.ts";
import { PoolSize } from "./pool_size.ts";
import { WarmParent, WarmRefusal } from "./warm_parent.ts";

/** What a warm launcher needs. */
export interface WarmLauncherOptions extends KeepingOptions {
  /** Runs at a time, at most. */
  readonly runsMax: number;
}

/** A parent that has not loaded by then is given up. */
const LOAD_MS = 60_000;
/** A parent without a run for so long is ended; the next request is served cold while another loads. */
const IDLE_MS = 15 * 60_000;
/** Children that end badly before they have taken a run: with so many within a tick the parent is of no use. */
const IDLE_DEATHS_MAX = 10;
/** Seconds in which no child has begun any of the runs that wait: then none ever will. */
const STALLS_MAX = 3;
/** How long parents may take to end when the launcher is disposed. */
const CLOSE_MS = 2000;
const TICK_MS = 1000;
/** A source is looked at no more often than this: a request that comes so soon after a change may still miss it. */
const LOOK_MS = 5;

/** A parent that can fork, and how many children it should have. */
interface Loaded {
  readonly parent: WarmParent;
  readonly size: PoolSize;
}

/** States: idle -> loading -> ready -> (idle, failed); loading -> (refused, failed); any -> closed. */
export class WarmLauncher implements KeepingLauncher {
  readonly name = "warm";
  readonly #options: WarmLauncherOptions;
  #state: WarmState = { kind: "idle" };
  #loaded: Loaded | undefined;
  #loading: Promise<void> = Promise.resolve();
  /** What the sources looked like when they were last loaded, or tried to be. */
  #sources = "";
  #lookedAtMs = -Infinity;
  #failures = 0;
  #lastRunMs = 0;
  #idleDeaths = 0;
  #clock: ReturnType<typeof setInterval> | undefined;
  /** Parents that have not gone yet, replaced ones too. */
  readonly #parents = new Set<WarmParent>();

  constructor(options: WarmLauncherOptions) {
    this.#options = options;
  }

  get state(): WarmState {
    return this.#state;
  }

  /** Loads the program, if that was not done yet, and waits until it is known how runs are started. */
  async prepare(): Promise<void> {
    this.#refresh();
    let loading: Promise<void>;
    do await (loading = this.#loading); while (loading !== this.#loading); // it is loaded again when it has changed meanwhile
  }

  async launch(spec: LaunchSpec): Promise<Child> {
    this.#refresh();
    return this.#loaded && await this.#launchWarm(spec, this.#loaded) || await this.#options.launcher.launch(spec);
  }

  waiting(): readonly number[] {
    return this.#loaded?.parent.waiting() ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#state = { kind: "closed" };
    this.#unload();
    const late = setTimeout(() => this.#parents.forEach((parent) => parent.kill()), CLOSE_MS);
    for (const parent of this.#parents) parent.close();
    await this.#loading;
    await Promise.all([...this.#parents].map((parent) => parent.gone));
    clearTimeout(late);
  }

  async #launchWarm(spec: LaunchSpec, { parent, size }: Loaded): Promise<Child | undefined> {
    this.#lastRunMs = performance.now();
    size.start(this.#lastRunMs);
    parent.resize(size.target);
    let child: Child | undefined;
    try {
      return child = await parent.launch(spec);
    } finally {
      if (child) child.exit.then(() => size.end());
      else size.end();
    }
  }

  /** Starts what has to be started now, and replaces a parent whose sources have changed. Nothing is waited for. */
  #refresh(): void {
    const { kind } = this.#state;
    if (kind === "closed" || kind === "loading") return;
    const nowMs = performance.now();
    if (kind === "ready" && nowMs - this.#lookedAtMs < LOOK_MS) return;
    this.#lookedAtMs = nowMs;
    const sources = fingerprint(this.#options.sources);
    const changed = sources !== this.#sources;
    if (this.#state.kind === "failed" && nowMs < this.#state.retryAtMs && !changed) return;
    if ((kind === "ready" || kind === "refused") && !changed) return;
    this.#unload();
    this.#sources = sources;
    this.#loading = this.#load(sources);
  }

  async #load(sources: string): Promise<void> {
    this.#state = { kind: "loading" };
    try {
      const parent = await this.#start();
      // Changed while it was read: what it has read is not known.
      if (sources !== fingerprint(this.#options.sources)) {
        parent.close();
        this.#settle({ kind: "idle" });
        return this.#refresh();
      }
      if (this.#state.kind !== "loading") return parent.close();
      const size = new PoolSize({ sparesMax: this.#options.sparesMax, runsMax: this.#options.runsMax });
      this.#loaded = { parent, size };
      this.#settle({ kind: "ready" });
      this.#idleDeaths = 0;
      this.#lastRunMs = performance.now();
      size.begin(this.#lastRunMs);
      parent.resize(size.target);
      this.#clock = setInterval(() => this.#tick(), TICK_MS);
      Deno.unrefTimer(this.#clock);
    } catch (error) {
      const why = (error as Error).message;
      if (error instanceof WarmRefusal) this.#settle({ kind: "refused", why });
      else this.#fail(why);
    }
  }

  async #start(): Promise<WarmParent> {
    const { onEvent, onOutput, ...rest } = this.#options;
    const parent = await WarmParent.start({
      ...rest,
      onOutput,
      onIdleDeath: () => this.#idleDied(parent),
      onForkFailure: (why) => onEvent("warn", `cannot fork a child: ${why}`),
    });
    this.#parents.add(parent);
    if (this.#state.kind === "closed") parent.close();
    parent.gone.then(() => this.#parents.delete(parent));
    parent.ended.then(() => this.#lost(parent));
    const late = setTimeout(() => parent.kill(), LOAD_MS);
    try {
      await parent.ready;
    } catch (error) {
      parent.close();
      throw error;
    } finally {
      clearTimeout(late);
    }
    return parent;
  }

  /** A parent that is in use has died. */
  #lost(parent: WarmParent): void {
    if (this.#loaded?.parent !== parent) return;
    this.#unload();
    this.#fail("the warm parent has died");
  }

  #idleDied(parent: WarmParent): void {
    if (this.#loaded?.parent !== parent || ++this.#idleDeaths < IDLE_DEATHS_MAX) return;
    this.#giveUp(parent, "its children die before they take a request");
  }

  #giveUp(parent: WarmParent, why: string): void {
    this.#unload();
    parent.kill();
    this.#fail(why);
  }

  #fail(why: string): void {
    this.#settle({ kind: "failed", why, retryAtMs: performance.now() + backoffMs(this.#failures++) });
    if (this.#state.kind === "failed") this.#options.onEvent("warn", `started cold for a while: ${why}`);
  }

  /** Takes a new state, unless the launcher is closed. */
  #settle(state: WarmState): void {
    if (this.#state.kind !== "closed") this.#state = state;
  }

  /** Gives runs to the parent no more; those it has are left to end. */
  #unload(): void {
    clearInterval(this.#clock);
    this.#loaded?.parent.close();
    this.#loaded = undefined;
  }

  #tick(): void {
    const { parent, size } = this.#loaded!;
    const nowMs = performance.now();
    this.#idleDeaths = 0;
    const stalls = parent.countStalls();
    if (stalls === STALLS_MAX) return this.#giveUp(parent, "its children take no requests");
    if (stalls === 0) this.#failures = 0;
    if (nowMs - this.#lastRunMs > IDLE_MS) {
      this.#unload();
      this.#settle({ kind: "idle" });
    } else {
      size.tick(nowMs);
      parent.resize(size.target);
    }
  }
}
