/** The answer of a service as whoever has asked gets it. */

import { type Chunk, concat, type Source, toReadableStream } from "../../bytes/source.ts";
import { isBodiless } from "../../http/bodiless.ts";
import { answerWith } from "../../http/bytes_response.ts";
import { promiseTrailers } from "../../http/trailers.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import { BodyLength } from "./body_length.ts";
import type { CallError } from "./call_error.ts";
import type { RawFields } from "./head_lines.ts";
import { readTrailers, type ResponseHead } from "./heads.ts";
import type { IdleWatch } from "./idle_watch.ts";

/** What became of a call. */
export type CallOutcome = "ok" | CallError["outcome"];

/** What an answer needs of its call. */
export interface AnswerHost {
  readonly request: Request;
  readonly idle: IdleWatch;
  /** The call is over; told by whoever sees it first. */
  over(outcome: CallOutcome): void;
  /** What is to be said of an error: the call may have been given up. */
  meaningOf(error: unknown): unknown;
}

/**
 * Makes the answer.
 *
 * @throws {MalformedError} when head and body don't fit
 */
export function responseOf(
  { status, fields, hasTrailers }: ResponseHead,
  stream: MeshStream,
  host: AnswerHost,
): Response {
  if (isBodiless(status) || host.request.method === "HEAD") return bodiless(status, fields, stream, host);
  const init = { status, headers: headersInit(fields) };
  const length = new BodyLength(fields);
  const whole = hasTrailers ? undefined : stream.takeWhole();
  if (!whole) return streamed(new AnswerBody(stream, length, host), init, hasTrailers);
  const bytes = concat(whole);
  length.add(bytes.byteLength);
  length.end();
  const response = bytes.byteLength === 0 ? new Response(null, init) : answerWith(host.request, bytes, init);
  end(stream, host);
  return response;
}

function bodiless(status: number, fields: RawFields, stream: MeshStream, host: AnswerHost): Response {
  const response = new Response(null, { status, headers: headersInit(fields) });
  // It would be the length of a body that may not be there (RFC 9110 §8.6).
  if (host.request.method !== "HEAD" && status !== 304) response.headers.delete("content-length");
  end(stream, host);
  return response;
}

function streamed(body: AnswerBody, init: ResponseInit, hasTrailers: boolean): Response {
  const response = new Response(toReadableStream(body), init);
  if (hasTrailers) promiseTrailers(response, body.trailers);
  return response;
}

/** All of the answer is here. What is left of the request's body is for nobody, and its end might be taken for a whole one. */
function end(stream: MeshStream, host: AnswerHost): void {
  host.over("ok");
  stream.reset(ResetCode.cancelled);
}

/** The body of an answer that still comes. */
class AnswerBody implements Source {
  readonly #stream: MeshStream;
  readonly #length: BodyLength;
  readonly #host: AnswerHost;
  readonly #trailers = Promise.withResolvers<Headers>();

  constructor(stream: MeshStream, length: BodyLength, host: AnswerHost) {
    this.#stream = stream;
    this.#length = length;
    this.#host = host;
  }

  /** The fields behind it; resolves when it has been read to its end. */
  get trailers(): Promise<Headers> {
    return this.#trailers.promise;
  }

  read(): Chunk | Promise<Chunk> {
    const step = this.#stream.read();
    if (step instanceof Promise) return this.#wait(step);
    try {
      return this.#take(step);
    } catch (error) {
      return Promise.reject(this.#failed(error));
    }
  }

  cancel(): void {
    this.#host.over("cancelled");
    this.#stream.reset(ResetCode.cancelled);
  }

  async #wait(step: Promise<Chunk>): Promise<Chunk> {
    try {
      return this.#take(await this.#host.idle.during(step));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #take(chunk: Chunk): Chunk {
    if (chunk) {
      this.#length.add(chunk.byteLength);
      return chunk;
    }
    this.#length.end();
    const { trailers } = this.#stream;
    this.#trailers.resolve(trailers ? readTrailers(trailers) : new Headers());
    end(this.#stream, this.#host);
    return undefined;
  }

  #failed(error: unknown): unknown {
    this.#host.over("failed");
    this.#stream.reset(ResetCode.failed);
    return this.#host.meaningOf(error);
  }
}

/** A record where that says the same, which costs less. */
function headersInit(fields: RawFields): HeadersInit {
  const record: Record<string, string> = {};
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] in record) return pairsOf(fields);
    record[fields[i]] = fields[i + 1];
  }
  return record;
}

function pairsOf(fields: RawFields): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) pairs.push([fields[i], fields[i + 1]]);
  return pairs;
}
