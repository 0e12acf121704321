/** One request of a flatend node to a service of ours. */

import { fromReadableStream, toReadableStream } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import type { RequestInfo } from "../../http/handler.ts";
import { errorResponse, problem } from "../../http/problem.ts";
import { answerFields } from "./answer_fields.ts";
import { Inflow } from "./inflow.ts";
import { type Fields, type Packet, writePacket } from "./packets.ts";
import { fromFields } from "./request_fields.ts";
import { sendWhole } from "./send_body.ts";
import type { StreamsOptions } from "./streams_options.ts";

/** The beginning of a request. */
export type RequestPacket = Extract<Packet, { type: "request" }>;

/** Asks services of ours. */
export type CallServices = (services: readonly string[], request: Request, info: RequestInfo) => Promise<Response>;

/** What answering needs besides. */
export interface AnswerOptions extends StreamsOptions {
  /** Address and port of the node. */
  readonly remoteAddr: { readonly transport: "tcp"; readonly hostname: string; readonly port: number };
  readonly call: CallServices;
}

/** Methods of requests that have no body. */
const BODILESS = new Set(["GET", "HEAD"]);

/** One request. */
export class Answer {
  readonly id: number;
  readonly #options: AnswerOptions;
  readonly #onOver: (answer: Answer) => void;
  readonly #left = new AbortController();
  readonly #body: Inflow;
  /** All of the request has come. */
  #isWhole = false;
  #isAnswered = false;

  constructor(id: number, options: AnswerOptions, onOver: (answer: Answer) => void) {
    const { gauge, clock, idleMs } = options;
    this.id = id;
    this.#options = options;
    this.#onOver = onOver;
    this.#body = new Inflow({
      gauge,
      clock,
      idleMs,
      silence: () => new HttpError(408, `The request's body did not come within ${idleMs} ms`),
      stuck: () => new HttpError(503, "The request's body was not read in time"),
    });
  }

  /** Has services answer, of which there is at least one. */
  async answer(services: readonly string[], fields: Fields): Promise<void> {
    try {
      const response = await this.#ask(services, fields);
      if (response) await this.#send(response);
      else await this.#sendRefusal();
    } catch (error) {
      if (!this.#options.connection.isEnded) {
        const message = error instanceof Error ? error.message : String(error);
        this.#options.log("warn", "An answer to a flatend node broke off", { message });
        this.#options.onBroken();
      }
    }
    this.#isAnswered = true;
    this.#body.giveUp();
    this.#checkOver();
  }

  /** There is none of the services: what comes of the request is dropped. */
  async refuse(): Promise<void> {
    this.#body.cancel();
    this.#isAnswered = true;
    await this.#sendRefusal().catch(() => {/* the node is gone, and wants no answer */});
    this.#checkOver();
  }

  /** A piece of the request's body came. */
  onData(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes.byteLength > 0) return this.#body.push(bytes);
    this.#isWhole = true;
    this.#body.end();
    this.#checkOver();
  }

  /** The node is gone. */
  fail(error: Error): void {
    this.#body.fail(error);
    this.#left.abort(error);
  }

  /** @returns undefined when there is nobody to answer, which the node may ask another one for */
  async #ask(services: readonly string[], fields: Fields): Promise<Response | undefined> {
    const { remoteAddr, call } = this.#options;
    let request: Request;
    let params: RequestInfo["params"];
    try {
      const asked = fromFields(fields, remoteAddr.hostname);
      const { url, method, headers } = asked;
      params = asked.params;
      const body = BODILESS.has(method) ? null : toReadableStream(this.#body);
      if (!body) this.#body.cancel();
      const init = { method, headers, body, signal: this.#left.signal, duplex: "half" };
      request = new Request(url, init as RequestInit);
    } catch {
      return problem(400, "The method or the path of the request is none");
    }
    try {
      return await call(services, request, { remoteAddr, params });
    } catch (error) {
      if (error instanceof HttpError && error.status === 503) return undefined;
      return errorResponse(error);
    }
  }

  async #send(response: Response): Promise<void> {
    let head: Uint8Array;
    try {
      head = this.#writeHead(true, answerFields(response));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      await response.body?.cancel();
      return this.#send(problem(502, "The answer's head is too long for a node of flatend"));
    }
    const body = response.body ? fromReadableStream(response.body) : undefined;
    await sendWhole(this.#options.connection, this.id, head, body);
  }

  #sendRefusal(): Promise<void> {
    return this.#options.connection.send([this.#writeHead(false, [])]);
  }

  #writeHead(handled: boolean, fields: Fields): Uint8Array {
    return writePacket({ type: "response", stream: this.id, handled, fields });
  }

  #checkOver(): void {
    if (this.#isWhole && this.#isAnswered) this.#onOver(this);
  }
}
