/** How many processes are kept started ahead: as many as requests came in while one of them starts. */

/** What a start takes before one was measured. */
const START_MS = 100;
/** How much of a new measurement is believed: a busy machine starts slowly for a moment. */
const START_WEIGHT = 0.2;
/** What is left of the greatest need after a tick: a burst of eight is provided for for 40 seconds. */
const MEMORY = 0.95;
/** Without a request for this long none is kept. */
const IDLE_MS = 30_000;

/** Takes what happens and when, and tells how many spares there should be. It never looks at a clock itself. */
export class SpareCount {
  readonly #sparesMax: number;
  #startMs = START_MS;
  #measured = false;
  /** When the last requests came, those within the time of one start. */
  #arrivals: number[] = [];
  /** The most requests in the time of one start, fading. */
  #need = 0;
  #lastMs = 0;

  constructor(sparesMax: number) {
    this.#sparesMax = sparesMax;
  }

  /** Spares that should wait for a request, or be on their way to it. */
  get target(): number {
    return Math.min(Math.ceil(this.#need), this.#sparesMax);
  }

  /** What a start takes, about. */
  get startMs(): number {
    return this.#startMs;
  }

  /** The first spare, before any request. */
  begin(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#need = Math.max(this.#need, 1);
  }

  /** A request is here. */
  arrive(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#arrivals.push(nowMs);
    const since = nowMs - this.#startMs;
    while (this.#arrivals[0] < since || this.#arrivals.length > this.#sparesMax) this.#arrivals.shift();
    this.#need = Math.max(this.#need, this.#arrivals.length);
  }

  /** A spare can take a request, so long after its start. */
  started(tookMs: number): void {
    this.#startMs += (tookMs - this.#startMs) * (this.#measured ? START_WEIGHT : 1);
    this.#measured = true;
  }

  /** Time passes. To be called every second or so. */
  tick(nowMs: number): void {
    this.#need = nowMs - this.#lastMs >= IDLE_MS ? 0 : Math.max(this.#need * MEMORY, Math.min(this.#need, 1));
  }
}
