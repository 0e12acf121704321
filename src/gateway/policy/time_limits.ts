/**
 * How long a route may take, for targets that have no clocks of their own. The target is told by the request's signal; a
 * client gets 504 before the head, and a broken body behind it.
 */

import type { Chunk, Source } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import { knownBytes } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import { changedRequest } from "../../http/served_request.ts";
import { takeoverOf } from "../../http/upgrade.ts";
import { wrapBody } from "../../http/wrap_body.ts";
import { Deadline } from "../../process/deadline.ts";

/** Limits in milliseconds; 0 or undefined for none. */
export interface TimeLimits {
  /** Of the whole request. */
  readonly timeoutMs?: number;
  /** Of a time in which no byte moves. */
  readonly idleTimeoutMs?: number;
}

/** Puts limits on a handler. A connection that goes over to another protocol has none any more. */
export function limitTime(handler: Handler, { timeoutMs = 0, idleTimeoutMs = 0 }: TimeLimits): Handler {
  if (timeoutMs === 0 && idleTimeoutMs === 0) return handler;
  return async (request, info) => {
    const clocks = new Clocks({ timeoutMs, idleTimeoutMs });
    const watched = changedRequest(request, { signal: clocks.signal, body: (body) => clocks.touchedBy(body) });
    try {
      const response = await clocks.within(handler(watched, info), dropAnswer);
      const isMade = response.body === null || knownBytes(response) !== undefined || takeoverOf(response);
      if (!isMade) return wrapBody(response, (body) => clocks.watch(body));
      clocks.stop();
      return response;
    } catch (error) {
      clocks.stop();
      throw error;
    }
  };
}

/** Ends an answer that came too late. */
function dropAnswer(response: Response): void {
  response.body?.cancel().catch(() => {/* it is broken already */});
}

/** The clocks of one request. */
class Clocks {
  readonly #late = new AbortController();
  readonly #deadline: Deadline;
  /** Tells who waits when the time is up. */
  #onLate: ((error: unknown) => void) | undefined;

  constructor(limits: { timeoutMs: number; idleTimeoutMs: number }) {
    this.#deadline = new Deadline(limits, (which, ms) => {
      this.#deadline.clear();
      const why = which === "idle" ? `no byte moved for ${ms} ms` : `it was not whole within ${ms} ms`;
      const error = new HttpError(504, `The answer did not come in time: ${why}`);
      this.#late.abort(error);
      this.#onLate?.(error);
    });
  }

  /** Aborts when the time is up. */
  get signal(): AbortSignal {
    return this.#late.signal;
  }

  stop(): void {
    this.#deadline.clear();
  }

  /**
   * The outcome of something, or the error that says that the time is up.
   *
   * @param drop takes what comes too late
   */
  within<T>(work: T | Promise<T>, drop: (late: T) => void): T | Promise<T> {
    if (!(work instanceof Promise)) return work;
    return new Promise<T>((resolve, reject) => {
      this.#onLate = reject;
      work.then((outcome) => this.signal.aborted ? drop(outcome) : resolve(outcome), reject);
    });
  }

  /** A request's body: each byte that comes is a sign of life. */
  touchedBy(body: Source): Source {
    const touch = (chunk: Chunk) => {
      this.#deadline.touch();
      return chunk;
    };
    return {
      read: () => {
        const step = body.read();
        return step instanceof Promise ? step.then(touch) : touch(step);
      },
      cancel: (reason) => body.cancel(reason),
    };
  }

  /** An answer's body, which breaks when the time is up. */
  watch(body: Source): Source {
    const touched = this.touchedBy(body);
    const end = (error?: unknown) => {
      this.stop();
      body.cancel(error);
    };
    this.#onLate = end;
    return {
      read: async () => {
        try {
          this.signal.throwIfAborted();
          const chunk = await this.#beforeEnd(touched.read(), end);
          if (!chunk) this.stop();
          return chunk;
        } catch (error) {
          end(error);
          throw error;
        }
      },
      cancel: end,
    };
  }

  /** The same as `within`, for a step that may end the body while nobody waits for it. */
  async #beforeEnd(step: Chunk | Promise<Chunk>, end: (error: unknown) => void): Promise<Chunk> {
    try {
      return await this.within(step, () => {/* the body has broken before it */});
    } finally {
      this.#onLate = end;
    }
  }
}
