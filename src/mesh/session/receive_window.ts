/** What may come of one body: a bound that its sender keeps to, and that grows with the pace of its reader. */

import { meshLimits } from "../limits.ts";

/** What the windows of one session may grow by. */
export class GrowthPool {
  #left: number = meshLimits.windowGrowthBytes;

  /** Takes some; false when there is not so much. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  /** Gives some back. */
  give(bytes: number): void {
    this.#left += bytes;
  }
}

/**
 * Counts what its sender may send. Every stream has the first window for itself, so that readers who stand still, however
 * many there are, hold up nobody else.
 */
export class ReceiveWindow {
  readonly #pool: GrowthPool;
  #size: number = meshLimits.streamWindowBytes;
  /** What may still come. */
  #left: number = meshLimits.streamWindowBytes;
  /** What was read and not granted again. */
  #read = 0;
  #grantedMs: number | undefined;

  constructor(pool: GrowthPool) {
    this.#pool = pool;
  }

  /** Some came; false when it is more than was granted. */
  receive(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /**
   * Some was read.
   *
   * @returns bytes to grant, 0 while it is not worth a frame
   */
  read(bytes: number, now: () => number): number {
    this.#read += bytes;
    if (this.#read * 2 < this.#size) return 0;
    const nowMs = now();
    const grant = this.#read + this.#growth(nowMs);
    this.#grantedMs = nowMs;
    this.#read = 0;
    this.#left += grant;
    return grant;
  }

  /** Gives back what it grew by. */
  close(): void {
    this.#pool.give(this.#size - meshLimits.streamWindowBytes);
    this.#size = meshLimits.streamWindowBytes;
  }

  #growth(nowMs: number): number {
    const isQuick = this.#grantedMs !== undefined && nowMs - this.#grantedMs < meshLimits.windowQuickMs;
    if (!isQuick || this.#size >= meshLimits.streamWindowBytesMax || !this.#pool.take(this.#size)) return 0;
    const growth = this.#size;
    this.#size += growth;
    return growth;
  }
}
