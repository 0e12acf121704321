/** Trying again: with growing pauses of random length, until nothing has moved for too long. */

import { limits } from "../../limits.ts";
import { backoffMs, pause } from "../../net/backoff.ts";
import { Interruption, StreamClientError } from "./client_error.ts";

const BACKOFF = { firstMs: limits.clientBackoffMs, mostMs: limits.clientBackoffMsMax };

/** What is told of the connection. */
export interface ConnectionState {
  /** It broke and is tried again, or it works again. */
  readonly kind: "reconnecting" | "connected";
  /** Why it broke. */
  readonly why?: string;
}

/** How a broken connection is tried again: options of all that talks to a server of streams. */
export interface RetryOptions {
  /** Ends it, with its reason. */
  readonly signal?: AbortSignal;
  /** How long nothing may move, milliseconds. Default 60,000. */
  readonly giveUpMs?: number;
  /** Told when the connection breaks and when it works again. */
  readonly onState?: (state: ConnectionState) => void;
}

/** Keeps at it while a connection fails. The clock runs from the first failure in a row, so that silence is none. */
export class Persistence {
  readonly #options: RetryOptions;
  readonly #giveUpMs: number;
  #failures = 0;
  #failedAt = 0;
  #reached = false;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#giveUpMs = options.giveUpMs ?? limits.clientGiveUpMs;
  }

  /** Something came through: what failed before counts no more. */
  moved(): void {
    this.#reached = true;
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#options.onState?.({ kind: "connected" });
  }

  /**
   * Makes an attempt again until it succeeds.
   *
   * @param attempt rejects with an `Interruption` when it may succeed later; everything else is passed on
   * @throws {StreamClientError} `gave-up`; `unreachable` when the server was never reached
   */
  async keepTrying<T>(attempt: (tries: number) => Promise<T>): Promise<T> {
    for (let tries = 0;; tries++) {
      try {
        const result = await attempt(tries);
        this.moved();
        return result;
      } catch (error) {
        if (!(error instanceof Interruption)) throw error;
        await this.interrupted(error);
      }
    }
  }

  /**
   * Waits before the next attempt.
   *
   * @throws {StreamClientError} when there should be none
   */
  async interrupted(why: Interruption): Promise<void> {
    this.#options.signal?.throwIfAborted();
    if (this.#failures === 0) this.#failedAt = performance.now();
    if (!(why instanceof Unreachable)) this.#reached = true;
    const waitMs = this.#reached ? this.#giveUpMs : Math.min(limits.clientFirstContactMs, this.#giveUpMs);
    const leftMs = this.#failedAt + waitMs - performance.now();
    if (leftMs <= 0) throw this.#givesUp(why);
    if (this.#reached) this.#options.onState?.({ kind: "reconnecting", why: why.message });
    await pause(Math.min(leftMs, Math.max(why.afterMs, backoffMs(this.#failures++, BACKOFF))), this.#options.signal);
  }

  #givesUp(why: Interruption): StreamClientError {
    if (!this.#reached) return new StreamClientError("unreachable", why.message, { cause: why });
    const seconds = Math.round(this.#giveUpMs / 1000);
    return new StreamClientError("gave-up", `Gave up after ${seconds} s without progress: ${why.message}`, {
      cause: why,
    });
  }
}

/** No connection could be made, or it broke before an answer. */
export class Unreachable extends Interruption {}
