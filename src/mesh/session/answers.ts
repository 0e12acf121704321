/** Questions of the node at the other end of a session, which are answered in one piece each. */

import { meshLimits } from "../limits.ts";
import { answerPayload } from "./questions.ts";

/** What they need of their session. */
export interface AnswersHost {
  /** @returns the answer; whatever is thrown is not told */
  answer(question: Uint8Array<ArrayBuffer>): Uint8Array | Promise<Uint8Array>;
  /** Sends an answer. */
  tell(id: number, payload: Uint8Array<ArrayBuffer>): void;
}

/** Those that are being answered. */
export class Answers {
  readonly #host: AnswersHost;
  #size = 0;

  constructor(host: AnswersHost) {
    this.#host = host;
  }

  /** How many are not answered yet. */
  get size(): number {
    return this.#size;
  }

  /** A question came. */
  take(id: number, question: Uint8Array<ArrayBuffer>): void {
    if (this.#size >= meshLimits.asks) return this.#host.tell(id, answerPayload(undefined));
    this.#size++;
    const tell = (answer: Uint8Array | undefined) => {
      this.#size--;
      this.#host.tell(id, answerPayload(answer));
    };
    const nothing = () => tell(undefined); // what went wrong here is nobody else's business
    let answer: Uint8Array | Promise<Uint8Array>;
    try {
      answer = this.#host.answer(question);
    } catch {
      return nothing();
    }
    if (answer instanceof Promise) answer.then(tell, nothing);
    else tell(answer);
  }
}
