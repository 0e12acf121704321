/** The requests of one flatend node to services of ours, by the ids that it gave them. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import { Answer, type AnswerOptions, type RequestPacket } from "./answer.ts";
import { flatendLimits } from "./limits.ts";
import { FIRST_STREAM } from "./pushes.ts";

/** What they need besides. */
export interface AnswersOptions extends AnswerOptions {
  /** The services that we have at this moment. */
  offered(): readonly string[];
}

/** The node's requests on one connection. */
export class Answers {
  readonly #options: AnswersOptions;
  readonly #answers = new Map<number, Answer>();

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** How many are under way. */
  get size(): number {
    return this.#answers.size;
  }

  /** A request came. */
  onRequest({ stream, services, fields }: RequestPacket): void {
    if (stream >= FIRST_STREAM) throw new MalformedError(`A request has the id ${stream}, which is one of ours`);
    if (this.#answers.has(stream)) throw new MalformedError(`Two requests have the id ${stream}`);
    if (this.size >= flatendLimits.streams) {
      throw new MalformedError(`More than ${flatendLimits.streams} requests are under way`);
    }
    const answer = new Answer(stream, this.#options, () => {
      this.#answers.delete(stream);
      this.#options.onOver();
    });
    this.#answers.set(stream, answer);
    const offered = new Set(this.#options.offered());
    const known = services.filter((service) => offered.has(service));
    if (known.length > 0) answer.answer(known, fields);
    else answer.refuse();
  }

  /** A piece of a request's body came. */
  onData(stream: number, bytes: Uint8Array<ArrayBuffer>): void {
    const answer = this.#answers.get(stream);
    if (!answer) throw new MalformedError(`A piece of the request ${stream} came, which is not under way`);
    answer.onData(bytes);
  }

  /** The connection has ended. */
  end(error: Error): void {
    for (const answer of this.#answers.values()) answer.fail(error);
  }
}
