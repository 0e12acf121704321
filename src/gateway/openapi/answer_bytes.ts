/** Bodies of answers for those who look into them: held until they are whole, or looked at while they go by. */

import { type Chunk, concat, fromReadableStream, type Source } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import type { Budget } from "../../http/budget.ts";
import { answerWith } from "../../http/bytes_response.ts";
import { collectBody } from "../../http/collect_body.ts";
import { keepTrailers } from "../../http/trailers.ts";
import { gatewayLimits } from "../limits.ts";
import { wrapBody } from "../../http/wrap_body.ts";

/** An answer that was held. */
export interface HeldAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same answer, with its body still to be read. */
  readonly response: Response;
}

/**
 * Reads an answer to its end.
 *
 * @returns undefined when it is too large to be held
 * @throws what its body broke with; {HttpError} 503 when too much is held
 */
export async function hold(request: Request, response: Response, memory: Budget): Promise<HeldAnswer | undefined> {
  using claim = memory.claim();
  const tooLarge = new RangeError("The answer is too large to be held");
  const options = { max: gatewayLimits.checkedAnswerBytes, memory: claim, tooLarge: () => tooLarge };
  try {
    const bytes = response.body
      ? await collectBody(fromReadableStream(response.body), options)
      : new Uint8Array<ArrayBuffer>(new ArrayBuffer(0));
    const { status, headers } = response;
    return { bytes, response: keepTrailers(answerWith(request, bytes, { status, headers }), response) };
  } catch (error) {
    if (error === tooLarge) return undefined;
    throw error;
  }
}

/**
 * Lets an answer go by, and gives what it was once it has ended.
 *
 * @param onEnd gets the bytes; undefined when they were too many to be kept
 */
export function watch(
  response: Response,
  memory: Budget,
  onEnd: (bytes: Uint8Array<ArrayBuffer> | undefined) => void,
): Response {
  if (!response.body) {
    onEnd(new Uint8Array(0));
    return response;
  }
  return wrapBody(response, (body) => new WatchedSource(body, memory, onEnd));
}

/** Keeps what goes by, up to a bound. */
class WatchedSource implements Source {
  readonly #source: Source;
  readonly #onEnd: (bytes: Uint8Array<ArrayBuffer> | undefined) => void;
  readonly #claim;
  /** Undefined when it has become too much. */
  #kept: Uint8Array<ArrayBuffer>[] | undefined = [];
  #bytes = 0;

  constructor(source: Source, memory: Budget, onEnd: (bytes: Uint8Array<ArrayBuffer> | undefined) => void) {
    this.#source = source;
    this.#claim = memory.claim();
    this.#onEnd = onEnd;
  }

  async read(): Promise<Chunk> {
    try {
      const chunk = await this.#source.read();
      if (chunk) this.#keep(chunk);
      else this.#end();
      return chunk;
    } catch (error) {
      this.#letGo();
      throw error;
    }
  }

  cancel(reason?: unknown): void {
    this.#letGo();
    this.#source.cancel(reason);
  }

  #keep(chunk: Uint8Array<ArrayBuffer>): void {
    if (!this.#kept) return;
    this.#bytes += chunk.byteLength;
    try {
      if (this.#bytes > gatewayLimits.checkedAnswerBytes) return this.#letGo();
      this.#claim.take(chunk.byteLength);
      this.#kept.push(chunk.slice()); // whoever sends it may use its memory again
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.#letGo(); // too much is kept of others
    }
  }

  #end(): void {
    const bytes = this.#kept && concat(this.#kept);
    this.#letGo();
    this.#onEnd(bytes);
  }

  #letGo(): void {
    this.#kept = undefined;
    this.#claim[Symbol.dispose]();
  }
}
