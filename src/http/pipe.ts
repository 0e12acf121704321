/**
 * Handlers joined as a shell joins programs by `|`: what one answers is what the next is asked with. It streams from end to
 * end at the pace of the slowest; nothing is collected. A stage is asked when the one before it has begun to answer, since
 * only then its type is known.
 */

import { type Chunk, fromReadableStream, type Source, toReadableStream } from "../bytes/source.ts";
import { HttpError, ProgramError } from "../errors.ts";
import type { Handler, RequestInfo } from "./handler.ts";
import { errorResponse } from "./problem.ts";
import { withTrace } from "./trace_context.ts";
import { wrapBody } from "./wrap_body.ts";

/** Fields of the former answer that say what its body is. */
const BODY_FIELDS = ["content-type", "content-encoding", "content-length", "content-language"];

/**
 * Joins handlers into one: the body of each one's answer is the body of the next one's request. Each is asked with the URL,
 * the parameters and the header fields of the request, but for those that say what its body is. What is no POST, PUT, PATCH
 * or the like is a POST from the second stage on, because it has a body.
 *
 * They fail as one. A stage whose answer is not 2xx ends the pipe, and its answer is the pipe's; where a stage breaks off
 * before the last one has begun to answer, its failure is the answer, and afterwards the answer breaks off too, whatever the
 * last stage made of the input that it had. A stage that stops reading has had enough, which is no error, and stops those
 * before it, as the end of the last one's answer does, and a client that leaves.
 *
 * @param handlers at least one
 * @throws {TypeError} when there is none
 *
 * @example Programs in different languages
 * ```ts
 * import { pipe, program } from "@sluice/sluice";
 *
 * await using shout = program({ command: ["tr", "a-z", "A-Z"] });
 * await using number = program({ command: ["sed", "="] });
 * const both = pipe(shout, number);
 * const response = await both(new Request("http://localhost/", { method: "POST", body: "hello" }));
 * console.log(await response.text()); // 1, and in the next line HELLO
 * ```
 */
export function pipe(...handlers: Handler[]): Handler {
  if (handlers.length === 0) throw new TypeError("Cannot make a pipe of no handlers: name one at least");
  if (handlers.length === 1) return handlers[0];
  return (request, info) => new Pipe(request, withTrace(request, info)).answer(handlers);
}

/** One request on its way through the stages. */
class Pipe {
  readonly #request: Request;
  readonly #info: RequestInfo;
  /** What is between the stages. */
  readonly #joints: Joint[] = [];

  constructor(request: Request, info: RequestInfo) {
    this.#request = request;
    this.#info = info;
  }

  async answer(handlers: readonly Handler[]): Promise<Response> {
    let request = this.#request;
    for (const handler of handlers.slice(0, -1)) {
      const response = await this.#ask(handler, request);
      if (!response.ok || this.#failure) return this.#last(response);
      const joint = new Joint(response.body);
      this.#joints.push(joint);
      request = this.#next(response, joint);
    }
    return this.#last(await this.#ask(handlers.at(-1)!, request));
  }

  async #ask(handler: Handler, request: Request): Promise<Response> {
    try {
      return await handler(request, this.#info);
    } catch (error) {
      this.#stop(error);
      throw this.#failure?.error ?? error;
    }
  }

  /** The request of the stage behind an answer. */
  #next({ headers: answered }: Response, joint: Joint): Request {
    const { url, method, headers: asked, signal } = this.#request;
    const headers = new Headers([...asked].filter(([name]) => !name.startsWith("content-")));
    headers.delete("transfer-encoding");
    for (const name of BODY_FIELDS) {
      const value = answered.get(name);
      if (value !== null) headers.set(name, value);
    }
    // One id in the log for all stages, and in the answer.
    const id = answered.get("x-request-id");
    if (id !== null) headers.set("x-request-id", id);
    return new Request(url, {
      method: method === "GET" || method === "HEAD" ? "POST" : method,
      headers,
      signal,
      body: toReadableStream(joint),
      duplex: "half",
    } as RequestInit);
  }

  /** The answer of the pipe, of the stage that has the last word. */
  #last(response: Response): Response {
    const failure = this.#failure;
    if (failure) {
      response.body?.cancel().catch(() => {/* it has failed with its input */});
      this.#stop(failure.error);
      return failed(failure.error, response);
    }
    if (this.#joints.every(({ ended }) => ended)) return response;
    if (response.body === null) {
      this.#stop();
      return response;
    }
    return wrapBody(response, (body) => this.#untilStopped(body));
  }

  /** The last body, whose end stops what is still under way before it. */
  #untilStopped(source: Source): Source {
    return {
      read: async () => {
        try {
          const chunk = await source.read();
          if (!chunk && this.#failure) throw this.#failure.error;
          if (!chunk) this.#stop();
          return chunk;
        } catch (error) {
          this.#stop(error);
          throw this.#failure?.error ?? error;
        }
      },
      cancel: (reason) => {
        source.cancel(reason);
        this.#stop(reason);
      },
    };
  }

  /** What broke first: later stages fail with their input. */
  get #failure(): { readonly error: unknown } | undefined {
    return this.#joints.find(({ failure }) => failure)?.failure;
  }

  #stop(reason?: unknown): void {
    for (const joint of this.#joints) joint.cancel(reason);
  }
}

/** What one stage answers, on its way to the next: remembers how it went. */
class Joint implements Source {
  readonly #source: Source | undefined;
  ended: boolean;
  failure: { readonly error: unknown } | undefined;

  constructor(body: ReadableStream<Uint8Array> | null) {
    this.#source = body ? fromReadableStream(body) : undefined;
    this.ended = body === null;
  }

  async read(): Promise<Chunk> {
    if (this.ended) return undefined;
    try {
      const chunk = await this.#source!.read();
      if (!chunk) this.ended = true;
      return chunk;
    } catch (error) {
      if (!this.ended) this.failure = { error }; // what breaks because it was stopped has not failed
      this.ended = true;
      throw error;
    }
  }

  cancel(reason?: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.#source!.cancel(reason);
  }
}

/**
 * The answer to a failure that a stage has told in its body. It keeps the id that the stages have in the log. What broke
 * because it was stopped has 499, which is for a client that has left.
 */
function failed(error: unknown, instead: Response): Response {
  const known = error instanceof ProgramError || (error instanceof HttpError && error.status !== 499);
  const response = errorResponse(known ? error : new HttpError(502, "A stage of the pipe broke off", { cause: error }));
  const id = instead.headers.get("x-request-id");
  if (id !== null) response.headers.set("x-request-id", id);
  return response;
}
