/** The asking side of a call: a request goes out on a stream, and its answer comes back. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import type { Source } from "../../bytes/source.ts";
import { canUpgrade } from "../../http/upgrade.ts";
import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import type { Session } from "../session/session.ts";
import { type AnswerHost, type CallOutcome, responseOf } from "./answer_response.ts";
import { brokenOff, late, notTaken } from "./call_failures.ts";
import { early } from "./early.ts";
import { readResponseHead } from "./heads.ts";
import { IdleWatch } from "./idle_watch.ts";
import { meshTunnel } from "./tunnel.ts";

/** What a call is made of. */
export interface CallParts {
  /** What the answer is for: its method and signal count. */
  readonly request: Request;
  /** The head as it travels. */
  readonly head: Uint8Array<ArrayBuffer>;
  /** The body; undefined when there is none. */
  readonly body: Source | undefined;
  readonly clock: Clock;
  /** How long nothing may move, milliseconds; 0 for ever. */
  readonly idleMs: number;
  /** How long all of it may take, milliseconds; 0 for ever. */
  readonly totalMs: number;
  /** How long a connection that goes over to another protocol may stay untaken, milliseconds. */
  readonly untakenMs?: number;
  /** The answer's head is here. */
  readonly onAnswer?: () => void;
  /** It is over: well, or because the provider broke off, or because whoever asked has left. Called once. */
  readonly onEnd?: (outcome: CallOutcome) => void;
}

/** What is given away of a body at once: as much as is asked for when there is room again. */
const PIECE_BYTES = meshLimits.streamQueueBytes / 2;

/**
 * Makes a call.
 *
 * @throws {CallError} when no answer began
 * @throws what the request's body broke with, or the reason of its signal
 */
export function call(session: Session, parts: CallParts): Promise<Response> {
  return new Call(parts).answer(session);
}

class Call implements AnswerHost {
  readonly request: Request;
  readonly idle: IdleWatch;
  readonly #parts: CallParts;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.#giveUp("cancelled", this.#signal.reason);
  readonly #head = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  /** Undefined until it is open. */
  #stream!: MeshStream;
  #stopTotal: (() => void) | undefined;
  #hasHead = false;
  /** Why it is not waited for any longer. */
  #gaveUp: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(parts: CallParts) {
    this.#parts = parts;
    this.request = parts.request;
    this.#signal = parts.request.signal;
    this.idle = new IdleWatch(parts.clock, parts.idleMs, () => this.#late(`nothing came for ${parts.idleMs} ms`));
  }

  async answer(session: Session): Promise<Response> {
    const { body } = this.#parts;
    // What is there of the body goes out together with the head. A session that takes nothing shall leave it untouched.
    const upload = body && session.isOpen && !this.#signal.aborted ? await early(body) : body;
    this.#open(session);
    if (upload) this.#send(upload);
    else if (!canUpgrade(this.request)) this.#stream.sender.close();
    try {
      const head = readResponseHead(await this.idle.during(this.#head.promise));
      this.#parts.onAnswer?.();
      return head.status === 101 ? this.#tunnel() : responseOf(head, this.#stream, this);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Nothing is said of a call that was given up before. */
  #open(session: Session): void {
    const { head, clock, totalMs } = this.#parts;
    if (this.#signal.aborted) {
      this.over("cancelled");
      throw this.#signal.reason;
    }
    try {
      this.#stream = session.open(head);
    } catch (cause) {
      this.over("refused");
      throw notTaken(cause);
    }
    this.#stream.listener = {
      onHead: (head) => {
        this.#hasHead = true;
        this.#head.resolve(head);
      },
      onBroken: (error) => {
        if (this.#hasHead) this.over("failed");
        this.#head.reject(error);
      },
    };
    if (totalMs > 0) this.#stopTotal = clock.after(totalMs, () => this.#late(`it took more than ${totalMs} ms`));
    this.#signal.addEventListener("abort", this.#onAbort);
  }

  async #send(upload: Source): Promise<void> {
    const { sender } = this.#stream;
    try {
      for (;;) {
        const step = upload.read();
        const chunk = step instanceof Promise ? await this.idle.excused(step) : step;
        if (this.#isOver) return; // what was read is not all, and must not look so
        if (!chunk) return sender.close();
        // In pieces, each of which is a sign that something moves.
        for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) {
          const room = sender.put(chunk.subarray(at, at + PIECE_BYTES));
          if (!(room instanceof Promise ? await this.idle.during(room) : room)) return upload.cancel();
        }
      }
    } catch (error) {
      this.#giveUp("cancelled", error); // the client's body broke
    }
  }

  meaningOf(error: unknown): unknown {
    return this.#gaveUp ? this.#gaveUp.error : error;
  }

  #tunnel(): Response {
    const { clock, untakenMs } = this.#parts;
    if (!canUpgrade(this.request)) throw new MalformedError("The service went over unasked");
    this.#stopWaiting(); // it has its own times from now on
    return meshTunnel(this.#stream, { clock, untakenMs, onEnd: (outcome) => this.over(outcome) });
  }

  #late(what: string): void {
    this.#giveUp("failed", late(what));
  }

  #giveUp(outcome: "failed" | "cancelled", error: unknown): void {
    if (this.#isOver) return;
    this.#gaveUp = { error };
    this.over(outcome);
    this.#stream.reset(outcome === "failed" ? ResetCode.timeout : ResetCode.cancelled);
    this.#head.reject(error);
  }

  over(outcome: CallOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWaiting();
    this.#parts.body?.cancel();
    this.#parts.onEnd?.(outcome);
  }

  #stopWaiting(): void {
    this.idle.stop();
    this.#stopTotal?.();
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  /** What is thrown of a call without an answer. */
  #failure(cause: unknown): unknown {
    if (this.#gaveUp) return this.#gaveUp.error;
    const error = brokenOff(cause);
    this.over(error.outcome);
    this.#stream.reset(ResetCode.failed);
    return error;
  }
}
