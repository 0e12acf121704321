/** How many children a warm parent keeps: those that run, and as many that wait as come in while one is forked. */

/** Bounds of a pool. */
export interface PoolBounds {
  /** Children that wait for a run, at most. */
  readonly sparesMax: number;
  /** Runs at a time, at most. */
  readonly runsMax: number;
}

/** Time that a fork takes until the child can take a run, as a share of the load: on the safe side. */
const FORK_MS = 4;
/** Without a run for this long no child is kept waiting. */
const IDLE_MS = 30_000;
/** The load of so long ago still counts. */
const MEMORY_MS = 5000;

/** Takes what happens and when, and tells how many children there should be. It never looks at a clock itself. */
export class PoolSize {
  readonly #bounds: PoolBounds;
  #running = 0;
  /** The most that ran at once, in this span of memory and in the one before. */
  #peak = 0;
  #peakBefore = 0;
  /** The most that ran at once since the last tick. */
  #tickPeak = 0;
  #starts = 0;
  #startsBefore = 0;
  #spanBegan = 0;
  #lastMs = 0;
  #target = 0;

  constructor(bounds: PoolBounds) {
    this.#bounds = bounds;
  }

  /** Children that should be alive. */
  get target(): number {
    return this.#target;
  }

  /** A run is wanted. */
  start(nowMs: number): void {
    this.#running++;
    this.#starts++;
    this.#lastMs = nowMs;
    this.#tickPeak = Math.max(this.#tickPeak, this.#running);
    this.#peak = Math.max(this.#peak, this.#running);
    // Grown in steps, so that a steady load sends the parent no word at all.
    if (this.#running + 1 > this.#target) this.#aim(Math.ceil(this.#running * 1.25) + this.#spares());
  }

  /** A run has ended. */
  end(): void {
    this.#running--;
  }

  /** Time passes: what is no longer needed is given up. To be called every second or so. */
  tick(nowMs: number): void {
    if (nowMs - this.#spanBegan >= MEMORY_MS) {
      [this.#peakBefore, this.#peak] = [this.#peak, this.#running];
      [this.#startsBefore, this.#starts] = [this.#starts, 0];
      this.#spanBegan = nowMs;
    }
    const idle = this.#running === 0 && nowMs - this.#lastMs >= IDLE_MS;
    const wanted = idle ? 0 : Math.max(this.#peak, this.#peakBefore) + this.#spares();
    this.#aim(Math.min(wanted, this.#tickPeak + this.#bounds.sparesMax));
    this.#tickPeak = this.#running;
  }

  /** The first children, before any run is wanted. */
  begin(nowMs: number): void {
    this.#lastMs = this.#spanBegan = nowMs;
    this.#aim(this.#spares());
  }

  #spares(): number {
    const perMs = Math.max(this.#starts, this.#startsBefore) / MEMORY_MS;
    return Math.min(this.#bounds.sparesMax, 2 + Math.ceil(perMs * FORK_MS));
  }

  #aim(target: number): void {
    this.#target = Math.min(target, this.#bounds.runsMax + this.#bounds.sparesMax);
  }
}
