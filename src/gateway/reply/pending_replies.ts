/**
 * Who waits for a reply: a table of ids, without a clock or a socket of its own. An id that has had its reply, or whose time
 * is up, is remembered for a while, so that whoever comes too late is told so, and never reaches a client.
 */

import { randomBytes, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { gatewayLimits } from "../limits.ts";

/** Options of {@linkcode PendingReplies}. */
export interface PendingRepliesOptions {
  /** Programs get the id with a secret behind it, without which nobody can reply. */
  readonly secret?: boolean;
  /** Milliseconds, of any beginning. */
  readonly clock?: () => number;
  /** Ids that are remembered when nobody waits any more, and for how long. */
  readonly rememberedMax?: number;
  readonly rememberedMs?: number;
}

/** A place in the table. */
export interface Ticket {
  /** For logs. */
  readonly id: string;
  /** For the program, which replies with it: the id, with the secret behind it where there is one. */
  readonly token: string;
}

/** What a reply's token stands for. `unknown` is also that of a wrong secret. */
export type Claim<T> =
  | { readonly state: "waiting"; readonly waiter: T }
  | { readonly state: "answered" | "expired" | "unknown" };

interface Waiting<T> {
  readonly token: string;
  readonly waiter: T;
}

interface Settled {
  readonly token: string;
  readonly state: "answered" | "expired";
  readonly at: number;
}

/** States of an id: waiting -> answered | expired -> forgotten. */
export class PendingReplies<T> {
  readonly #secret: boolean;
  readonly #clock: () => number;
  readonly #rememberedMax: number;
  readonly #rememberedMs: number;
  readonly #waiting = new Map<string, Waiting<T>>();
  /** In the order in which they were settled. */
  readonly #settled = new Map<string, Settled>();

  constructor(options: PendingRepliesOptions = {}) {
    this.#secret = options.secret ?? false;
    this.#clock = options.clock ?? (() => performance.now());
    this.#rememberedMax = options.rememberedMax ?? gatewayLimits.repliesRemembered;
    this.#rememberedMs = options.rememberedMs ?? gatewayLimits.replyRememberedMs;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** How many are remembered besides. */
  get remembered(): number {
    return this.#settled.size;
  }

  /** Takes one who waits in, under an id that nobody has had. */
  open(waiter: T): Ticket {
    const id = crypto.randomUUID();
    const token = this.#secret ? `${id}.${randomBytes(gatewayLimits.replySecretBytes).toString("base64url")}` : id;
    this.#waiting.set(id, { token, waiter });
    return { id, token };
  }

  /** Gives the one who waits to whoever has a reply; only the first gets it. */
  claim(token: string): Claim<T> {
    this.#forget();
    const id = idOf(token);
    const waiting = this.#waiting.get(id);
    if (waiting && isSame(waiting.token, token)) {
      this.#settle(id, waiting, "answered");
      return { state: "waiting", waiter: waiting.waiter };
    }
    const settled = this.#settled.get(id);
    return { state: settled && isSame(settled.token, token) ? settled.state : "unknown" };
  }

  /**
   * Waits no longer.
   *
   * @returns false when a reply had come before, or the id is not known
   */
  expire(id: string): boolean {
    this.#forget();
    const waiting = this.#waiting.get(id);
    if (!waiting) return false;
    this.#settle(id, waiting, "expired");
    return true;
  }

  #settle(id: string, { token }: Waiting<T>, state: Settled["state"]): void {
    this.#waiting.delete(id);
    this.#settled.set(id, { token, state, at: this.#clock() });
    this.#forget();
  }

  #forget(): void {
    const since = this.#clock() - this.#rememberedMs;
    for (const [id, { at }] of this.#settled) {
      if (at >= since && this.#settled.size <= this.#rememberedMax) return;
      this.#settled.delete(id);
    }
  }
}

function idOf(token: string): string {
  const dot = token.indexOf(".");
  return dot === -1 ? token : token.slice(0, dot);
}

/** Compares in a time that does not tell how much of a guess is right. */
function isSame(token: string, guess: string): boolean {
  const [a, b] = [Buffer.from(token), Buffer.from(guess)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
