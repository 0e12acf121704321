/** What happens to streams without anybody asking: they expire, are trimmed, and end when their producers are gone. */

import { limits } from "../../limits.ts";
import type { Log } from "../../log.ts";
import type { Committer, Cycle } from "./committer.ts";
import { retainedStart, type StoreLimits } from "./retention.ts";
import type { Stream } from "./stream.ts";
import type { StreamBytes } from "./stream_bytes.ts";
import { type Changes, stageAppend, stageRemove, stageTrim } from "./stream_changes.ts";

/** What it looks after, and by which rules. */
export interface HousekeeperParts {
  readonly changes: Changes;
  readonly committer: Committer;
  readonly bytes: StreamBytes;
  readonly limits: StoreLimits;
  readonly clock: () => number;
  readonly log: Log;
}

const EMPTY = new Uint8Array(0);

/** Looks all streams over, from time to time and when it is told to. */
export class Housekeeper {
  readonly #parts: HousekeeperParts;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isSweeping = false;
  #stopped = false;

  constructor(parts: HousekeeperParts) {
    this.#parts = parts;
  }

  /** Begins to look by itself. */
  start(): void {
    this.#timer = setInterval(() => this.#sweep(), limits.expireEveryMs);
    Deno.unrefTimer(this.#timer);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** See `StreamStore.expire`. */
  async expire(): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    for (const stream of [...this.#parts.changes.index.all()]) {
      // One stream that is damaged must not keep the others for ever.
      await this.#expire(stream).catch((error) => failure ??= { error });
    }
    if (failure) throw failure.error;
  }

  /** Ends streams whose producers ended with the process before this one. */
  async abortUploads(streams: readonly Stream[]): Promise<void> {
    const { committer, changes, clock, log } = this.#parts;
    const cut = streams.filter(({ document }) => document.upload && !document.end);
    try {
      await committer.run(0, (cycle) => {
        for (const stream of cut) stageAppend(cycle, changes, stream, EMPTY, { end: "aborted" }, clock());
        return () => undefined;
      });
    } catch (error) { // what is there can be read all the same, as on a disk that is full
      log("error", "uploads that were cut off could not be marked as aborted", { error: String(error) });
    }
  }

  async #sweep(): Promise<void> {
    if (this.#isSweeping) return; // the one before is not done yet
    this.#isSweeping = true;
    try {
      await this.expire();
    } catch (error) {
      // The store may have been closed while they were looked over.
      if (!this.#stopped) this.#parts.log("error", "streams could not be looked over", { error: String(error) });
    } finally {
      this.#isSweeping = false;
    }
  }

  async #expire(stream: Stream): Promise<void> {
    const now = this.#parts.clock();
    const { keepBytes, keepMs, idleMs = Infinity } = this.#parts.limits;
    if (stream.document.hidden) return;
    if (stream.hasExpired(now)) await this.#remove(stream);
    else if (!stream.document.end && now >= stream.document.appendedAt + idleMs) await this.#abort(stream, now, idleMs);
    if (!stream.removed && (keepBytes !== undefined || keepMs !== undefined)) await this.#trim(stream, now);
  }

  async #remove(stream: Stream): Promise<void> {
    await this.#change(stream, (cycle) => stageRemove(cycle, this.#parts.changes, stream));
  }

  async #abort(stream: Stream, now: number, idleMs: number): Promise<void> {
    const { changes, clock } = this.#parts;
    await this.#change(stream, (cycle) => {
      const { end, appendedAt } = stream.latest; // something may have been appended meanwhile
      if (end || now < appendedAt + idleMs) return;
      stageAppend(cycle, changes, stream, EMPTY, { end: "aborted" }, clock());
    });
  }

  async #trim(stream: Stream, now: number): Promise<void> {
    const { limits, bytes, changes } = this.#parts;
    const start = await retainedStart(stream, limits, now, bytes);
    if (start <= stream.document.start) return;
    await this.#change(stream, (cycle) => stageTrim(cycle, changes, stream, start));
  }

  async #change(stream: Stream, stage: (cycle: Cycle) => void): Promise<void> {
    await this.#parts.committer.run(0, (cycle) => {
      if (!stream.removing) stage(cycle);
      return () => undefined;
    });
  }
}
