/** Questions to the node at the other end of a session, which are answered in one piece each. */

import { ByteWriter } from "../../bytes/byte_writer.ts";
import { meshLimits } from "../limits.ts";
import type { Clock } from "../clock.ts";
import { MeshError } from "../mesh_error.ts";

/** A question that is not answered yet. */
interface Waiting {
  readonly resolve: (answer: Uint8Array<ArrayBuffer>) => void;
  readonly reject: (error: Error) => void;
  readonly stopClock: () => void;
}

/** The first byte of an answer. */
const ANSWERED = 0;
const NOT_ANSWERED = 1;

/** Those that were asked here. */
export class Questions {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are not answered yet. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Asks one.
   *
   * @param send sends it, with its number
   * @throws {MeshError} when there is no answer in time, or the session ends
   * @throws {RangeError} when it is too long
   */
  ask(question: Uint8Array, send: (id: number) => void): Promise<Uint8Array<ArrayBuffer>> {
    if (question.byteLength > meshLimits.headBytes) {
      const { byteLength } = question;
      return Promise.reject(new RangeError(`Cannot ask: ${byteLength} bytes are more than ${meshLimits.headBytes}`));
    }
    if (this.#waiting.size >= meshLimits.asks) {
      return Promise.reject(new MeshError("refused", "Too many questions to the node are not answered yet"));
    }
    const id = this.#last = this.#last % (2 ** 31) + 1;
    return new Promise((resolve, reject) => {
      const late = () => {
        this.#waiting.delete(id);
        reject(new MeshError("timeout", `The node did not answer within ${meshLimits.askMs} ms`));
      };
      this.#waiting.set(id, { resolve, reject, stopClock: this.#clock.after(meshLimits.askMs, late) });
      send(id);
    });
  }

  /** An answer came; one that nobody waits for any more is dropped. @returns false when it is none */
  answered(id: number, payload: Uint8Array<ArrayBuffer>): boolean {
    const waiting = this.#waiting.get(id);
    if (!waiting) return id > 0 && id <= this.#last;
    this.#waiting.delete(id);
    waiting.stopClock();
    if (payload[0] === ANSWERED) waiting.resolve(payload.slice(1));
    else waiting.reject(new MeshError("refused", "The node did not answer the question"));
    return true;
  }

  /** There will be no more answers. */
  close(error: Error): void {
    for (const { reject, stopClock } of this.#waiting.values()) {
      stopClock();
      reject(error);
    }
    this.#waiting.clear();
  }
}

/** Makes the payload of an answer; undefined for a question that could not be answered, as with what is too long. */
export function answerPayload(answer: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  if (!answer || answer.byteLength > meshLimits.headBytes) return Uint8Array.of(NOT_ANSWERED);
  return new ByteWriter(1 + answer.byteLength).u8(ANSWERED).bytes(answer).done();
}
