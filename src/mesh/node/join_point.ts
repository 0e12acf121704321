/** One address by which a node is part of the mesh: it is dialled until somebody answers, and again when it is lost. */

import { backoffMs } from "../../net/backoff.ts";
import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import type { Joined } from "./peers.ts";

/** What a join point needs of its node. */
export interface JoinHost {
  readonly clock: Clock;
  readonly random: () => number;
  /** Dials it, and says hello. @throws {MeshError} when that fails: `self` when this node itself is there */
  dial(address: string): Promise<Joined>;
  /** It is there. */
  joined(address: string, joined: Joined): void;
  /** It is not, or not any more. */
  failed(address: string, error: Error): void;
}

/** What became of the first try. */
export type FirstTry = "joined" | "self" | Error;

const BACKOFF = { firstMs: meshLimits.joinBackoffMs, mostMs: meshLimits.joinBackoffMsMax };

/** Keeps a session. */
export class JoinPoint {
  readonly address: string;
  readonly #host: JoinHost;
  readonly #first = Promise.withResolvers<FirstTry>();
  #failures = 0;
  #isClosed = false;
  #stopClock: (() => void) | undefined;

  constructor(address: string, host: JoinHost) {
    this.address = address;
    this.#host = host;
  }

  /** Resolves when it was tried once. */
  get tried(): Promise<FirstTry> {
    return this.#first.promise;
  }

  /** Begins, or tries again. */
  async run(): Promise<void> {
    const outcome = await this.#keep();
    this.#first.resolve(outcome);
    if (this.#isClosed) return;
    const { clock, random } = this.#host;
    const waitMs = outcome === "self" ? meshLimits.joinSelfMs : backoffMs(this.#failures++, BACKOFF, random);
    this.#stopClock = clock.after(waitMs, () => void this.run());
  }

  /** Tries no more. */
  close(): void {
    this.#isClosed = true;
    this.#stopClock?.();
    this.#first.resolve(new MeshError("closed", "The node was closed"));
  }

  /** Joins, and waits until that is over. @returns why it is */
  async #keep(): Promise<"self" | Error> {
    const { clock, dial, joined, failed } = this.#host;
    let error: Error;
    try {
      const there = await dial(this.address);
      if (this.#isClosed) return new MeshError("closed", "The node was closed");
      const sinceMs = clock.nowMs();
      joined(this.address, there);
      this.#first.resolve("joined");
      await there.session.closed;
      if (clock.nowMs() - sinceMs >= meshLimits.joinSettledMs) this.#failures = 0;
      error = new MeshError("closed", "The connection broke");
    } catch (cause) {
      error = cause as Error;
    }
    // A list of join points that all nodes share names each one itself, too.
    if (error instanceof MeshError && error.code === "self") return "self";
    if (!this.#isClosed) failed(this.address, error);
    return error;
  }
}
