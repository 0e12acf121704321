/** Our requests to the services of one flatend node, by the ids that we gave them. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import { HttpError } from "../../errors.ts";
import type { RequestInfo } from "../../http/handler.ts";
import { bodySource } from "../../http/served_request.ts";
import { toResponse } from "./answer_fields.ts";
import { FlatendError } from "./flatend_error.ts";
import { flatendLimits } from "./limits.ts";
import { type HeadPacket, writePacket } from "./packets.ts";
import { type AnswerPacket, Push } from "./push.ts";
import { toFields } from "./request_fields.ts";
import type { StreamsOptions } from "./streams_options.ts";

/**
 * The first id of ours. Those of the node's own requests begin at 0 and grow, and its two SDKs do not agree on who has the
 * odd ones; ours are even, because the one in Go takes what is odd for its own.
 */
export const FIRST_STREAM = 0x80000000;
const LAST_STREAM = 0xfffffffe;

/** The requests of ours on one connection. */
export class Pushes {
  readonly #options: StreamsOptions;
  readonly #pushes = new Map<number, Push>();
  #next = FIRST_STREAM;

  constructor(options: StreamsOptions) {
    this.#options = options;
  }

  /** How many are under way. */
  get size(): number {
    return this.#pushes.size;
  }

  /** All ids were given to requests. */
  get isUsedUp(): boolean {
    return this.#next > LAST_STREAM;
  }

  /**
   * Asks the first of the services that the node has.
   *
   * @throws {FlatendError} when there is no answer
   * @throws {HttpError} 431 when the request's head does not fit into the wire
   * @throws what the request's body broke with, or its signal
   */
  async push(services: readonly string[], request: Request, info?: RequestInfo): Promise<Response> {
    const { signal, method } = request;
    signal.throwIfAborted();
    if (this.size >= flatendLimits.streams || this.isUsedUp) throw new FlatendError("busy");
    const head = writeHead({ type: "request", stream: this.#next, services, fields: toFields(request, info) });
    const body = bodySource(request);
    const onAbort = () => push.fail(signal.reason);
    const push = new Push(this.#next, this.#options, () => {
      signal.removeEventListener("abort", onAbort);
      this.#pushes.delete(push.id);
      this.#options.onOver();
    });
    this.#next += 2;
    this.#pushes.set(push.id, push);
    signal.addEventListener("abort", onAbort);
    push.send(head, body);
    return await this.#answer(push, method, services);
  }

  /** The beginning of an answer came. */
  onHead(packet: AnswerPacket): void {
    this.#find(packet.stream)?.onHead(packet);
  }

  /** A piece of an answer came. */
  onData(stream: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#find(stream)?.onData(bytes);
  }

  /** The connection has ended. */
  end(error: Error): void {
    for (const push of this.#pushes.values()) push.fail(error);
  }

  /** Undefined for one that is over: the node may not know that, and what it sends on is dropped. */
  #find(stream: number): Push | undefined {
    const push = this.#pushes.get(stream);
    if (push || stream >= FIRST_STREAM && stream < this.#next && stream % 2 === 0) return push;
    throw new MalformedError(`An answer came to the request ${stream}, never made`);
  }

  async #answer(push: Push, method: string, services: readonly string[]): Promise<Response> {
    const { handled, fields } = await push.head;
    if (!handled) throw new FlatendError("unhandled");
    try {
      return toResponse(fields, push.body, method, (field) => {
        this.#options.log("warn", "A flatend service answered with a header field that is none", {
          field,
          services: services.join(),
        });
      });
    } catch (error) {
      push.body.cancel();
      throw error;
    }
  }
}

/** @throws {HttpError} 431 */
function writeHead(packet: HeadPacket): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    bytes = writePacket(packet);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a text was too long
  }
  if (bytes && bytes.byteLength < flatendLimits.frameBytes / 2) return bytes;
  throw new HttpError(431, "The request's head is too long for a service of flatend");
}
