/** How many records each peer may bring: a stranger must fill neither the store nor the processor. */

import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";

const { recordsBrought: most, recordsBroughtPerSecond: perSecond, recordBringers } = meshLimits;

/** A bucket of tokens a peer. */
export class Allowance {
  readonly #left = new Map<NodeId, { tokens: number; atMs: number }>();

  /** Takes one. @returns false when there is none */
  take(id: NodeId, nowMs: number): boolean {
    const left = this.#left.get(id) ?? this.#begin(id, nowMs);
    left.tokens = Math.min(most, left.tokens + (nowMs - left.atMs) * perSecond / 1000);
    left.atMs = nowMs;
    if (left.tokens < 1) return false;
    left.tokens--;
    return true;
  }

  #begin(id: NodeId, nowMs: number): { tokens: number; atMs: number } {
    if (this.#left.size >= recordBringers) this.#forget(nowMs);
    const left = { tokens: most, atMs: nowMs };
    this.#left.set(id, left);
    return left;
  }

  /** Those that have brought nothing for long are as new ones; if there are none, the one that came first is forgotten. */
  #forget(nowMs: number): void {
    for (const [id, { tokens, atMs }] of this.#left) {
      if (tokens + (nowMs - atMs) * perSecond / 1000 >= most) this.#left.delete(id);
    }
    if (this.#left.size >= recordBringers) this.#left.delete(this.#left.keys().next().value!);
  }
}
