/** Handlers one after another, whose answers make one: as a shell does with `a; b`, but it ends with the first that fails. */

import { type Chunk, fromReadableStream, prepend, type Source, toReadableStream } from "../bytes/source.ts";
import { HttpError } from "../errors.ts";
import { limits } from "../limits.ts";
import { isBodiless } from "./bodiless.ts";
import { Budget } from "./budget.ts";
import { collectBody } from "./collect_body.ts";
import type { Handler, RequestInfo } from "./handler.ts";
import { errorResponse } from "./problem.ts";
import { bodySource, fieldOfRequest } from "./served_request.ts";
import { withTrace } from "./trace_context.ts";

/**
 * Joins handlers into one that asks them one after another, each with the whole request, and answers with what they say:
 * all of the first one's answer, then all of the second one's, and so on. Status and header fields are those of the first,
 * and the next one is asked when the one before has ended well. The request's body is held in memory to be given to each;
 * one of more than 8 MiB is answered 413.
 *
 * While no byte has been sent, one that answers with 400 or more has the last word, and its answer is the chain's. Later,
 * the answer breaks off with it. HEAD is answered by the first alone.
 *
 * @param handlers at least one
 * @throws {TypeError} when there is none
 *
 * @example Two answers in one
 * ```ts
 * import { chain } from "@sluice/sluice";
 *
 * const both = chain(() => new Response("one "), () => new Response("two"));
 * console.log(await (await both(new Request("http://localhost/"))).text()); // one two
 * ```
 */
export function chain(...handlers: Handler[]): Handler {
  if (handlers.length === 0) throw new TypeError("Cannot make a chain of no handlers: name one at least");
  const [first] = handlers;
  const memory = new Budget(limits.parsedBytesInAll);
  return async (request, info) => {
    if (request.method === "HEAD" || handlers.length === 1) return await first(request, info);
    const held = new DisposableStack();
    try {
      const body = await wholeBody(request, limits.parsedBodyBytes, held.use(memory.claim()));
      return await new Chain({ request, info: withTrace(request, info), body, handlers, held: held.move() }).answer();
    } catch (error) {
      if (error instanceof HttpError) return errorResponse(error);
      throw error;
    } finally {
      held.dispose();
    }
  };
}

/** What a chain answers one request with. */
interface ChainParts {
  readonly request: Request;
  readonly info: RequestInfo;
  /** Undefined when it has none. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  readonly handlers: readonly Handler[];
  /** Let go of when all have been asked. */
  readonly held: Disposable;
}

class Chain {
  readonly #parts: ChainParts;
  #asked = 0;
  /** The id under which the first one stands in the log. */
  #id: string | null = null;
  /** Body of the one that was asked last. */
  #body: Source | undefined;
  #cancelled = false;

  constructor(parts: ChainParts) {
    this.#parts = parts;
  }

  async answer(): Promise<Response> {
    try {
      const first = await this.#ask();
      if (first.status >= 400) return this.#leaveTo(first);
      this.#id = first.headers.get("x-request-id");
      let current = first;
      for (;;) {
        this.#body = sourceOf(current);
        const chunk = await this.#body?.read();
        if (chunk) return this.#begin(first, chunk);
        if (!this.#hasNext) return this.#leaveTo(withoutBody(first));
        current = await this.#ask();
        if (current.status >= 400) return this.#leaveTo(current);
      }
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  get #hasNext(): boolean {
    return this.#asked < this.#parts.handlers.length;
  }

  async #ask(): Promise<Response> {
    const { request, info, body, handlers } = this.#parts;
    const handler = handlers[this.#asked++];
    const { url, method, signal } = request;
    const headers = new Headers(request.headers);
    headers.delete("transfer-encoding");
    if (body) headers.set("content-length", String(body.byteLength));
    if (this.#id !== null) headers.set("x-request-id", this.#id);
    return await handler(new Request(url, { method, headers, signal, body }), info);
  }

  /** The answer with the head of the first, from the first byte on. */
  #begin(first: Response, chunk: Uint8Array<ArrayBuffer>): Response {
    const headers = new Headers(first.headers);
    headers.delete("content-length");
    const status = isBodiless(first.status) ? 200 : first.status;
    const rest: Source = { read: () => this.#read(), cancel: (reason) => this.#cancel(reason) };
    return new Response(toReadableStream(prepend([chunk], rest)), { status, headers });
  }

  async #read(): Promise<Chunk> {
    try {
      for (;;) {
        const chunk = await this.#body?.read();
        if (chunk) return chunk;
        if (this.#cancelled || !this.#hasNext) break;
        const response = await this.#ask();
        this.#body = sourceOf(response);
        if (this.#cancelled) this.#body?.cancel(); // the client left while it was waited for
        if (response.status >= 400) throw new HttpError(502, `A link of the chain answered ${response.status}`);
      }
      this.#end();
      return undefined;
    } catch (error) {
      this.#body?.cancel(error);
      this.#end();
      throw error;
    }
  }

  #cancel(reason: unknown): void {
    this.#cancelled = true;
    this.#body?.cancel(reason);
    this.#end();
  }

  /** Gives an answer as it is. */
  #leaveTo(response: Response): Response {
    this.#end();
    return response;
  }

  #end(): void {
    this.#parts.held[Symbol.dispose]();
  }
}

async function wholeBody(
  request: Request,
  max: number,
  memory: ReturnType<Budget["claim"]>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const tooLarge = () => new HttpError(413, `The body is larger than ${max} bytes`);
  if (Number(fieldOfRequest(request, "content-length") ?? 0) > max) throw tooLarge();
  const source = bodySource(request);
  if (!source) return undefined;
  try {
    return await collectBody(source, { max, memory, tooLarge });
  } catch (cause) {
    throw cause instanceof HttpError ? cause : new HttpError(400, "The body broke off", { cause });
  }
}

function sourceOf(response: Response): Source | undefined {
  return response.body ? fromReadableStream(response.body) : undefined;
}

/** The head of an answer whose body turned out to be empty. */
function withoutBody({ status, headers }: Response): Response {
  return new Response(null, { status, headers });
}
