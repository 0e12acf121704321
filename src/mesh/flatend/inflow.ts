/** A body as it comes in pieces from a flatend node, for whoever reads it at a pace of its own. */

import { type Chunk, concat, type Source } from "../../bytes/source.ts";
import type { Clock } from "../clock.ts";
import type { Gauge } from "./gauge.ts";

/** What a body is made with. */
export interface InflowOptions {
  readonly gauge: Gauge;
  readonly clock: Clock;
  /** How long nothing may come while somebody waits for it. */
  readonly idleMs: number;
  /** The other side has no reason to send anything yet. */
  isExcused?(): boolean;
  /** What the body breaks with when nothing came for too long. */
  silence(): Error;
  /** What it breaks with when nobody read it for too long. */
  stuck(): Error;
  /** Nobody reads it any more, and it may not have come to its end. */
  onGivenUp?(): void;
}

/** One body. */
export class Inflow implements Source {
  readonly #options: InflowOptions;
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  #held = 0;
  #isWhole = false;
  #isDropped = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(options: InflowOptions) {
    this.#options = options;
  }

  /** Bytes that nobody has read. */
  get held(): number {
    return this.#held;
  }

  /** A piece came. */
  push(piece: Uint8Array<ArrayBuffer>): void {
    if (this.#isOver) return;
    this.#pieces.push(piece);
    this.#hold(this.#held + piece.byteLength);
    this.#wakeUp();
  }

  /** The end came. */
  end(): void {
    this.#isWhole = true;
    this.#wakeUp();
  }

  /** It breaks: what came and was not read is lost, so that nobody takes it for whole. */
  fail(error: Error): void {
    if (this.#isOver || this.#isWhole) return;
    this.#error = error;
    this.#empty();
    this.#wakeUp();
  }

  /** It breaks, even when all of it has come, unless all of it was read. */
  giveUp(): void {
    if (this.#isOver || this.#isWhole && this.#held === 0) return;
    this.#error = this.#options.stuck();
    this.#empty();
    this.#wakeUp();
    this.#options.onGivenUp?.();
  }

  read(): Chunk | Promise<Chunk> {
    if (this.#error) return Promise.reject(this.#error);
    if (this.#pieces.length > 0) return this.#next();
    return this.#isWhole || this.#isDropped ? undefined : this.#wait();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isDropped = true;
    this.#empty();
    this.#wakeUp();
    this.#options.onGivenUp?.();
  }

  get #isOver(): boolean {
    return this.#error !== undefined || this.#isDropped;
  }

  async #wait(): Promise<Chunk> {
    const { clock, idleMs } = this.#options;
    const giveIn = () => {
      if (this.#options.isExcused?.()) return void (stop = clock.after(idleMs, giveIn));
      this.fail(this.#options.silence());
      this.#options.onGivenUp?.();
    };
    let stop = clock.after(idleMs, giveIn);
    await new Promise<void>((resolve) => this.#wake = resolve);
    stop();
    if (this.#error) throw this.#error;
    return this.#pieces.length > 0 ? this.#next() : undefined;
  }

  /** All that is there: to hand on each small piece alone costs more than to join them. */
  #next(): Chunk {
    const chunk = concat(this.#pieces);
    this.#empty();
    return chunk;
  }

  #empty(): void {
    this.#pieces = [];
    this.#hold(0);
  }

  #hold(bytes: number): void {
    const change = bytes - this.#held;
    this.#held = bytes;
    if (change !== 0) this.#options.gauge.note(this, change);
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
