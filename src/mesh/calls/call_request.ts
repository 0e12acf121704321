/** The request that a handler gets of a call: like one from our own HTTP server, of which each part is made when it is asked for. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import type { Chunk } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import type { ReceivedHead } from "../../http/received.ts";
import { type ReceivedBody, wholeOf } from "../../http/received_body.ts";
import { servedRequest } from "../../http/served_request.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { BodyLength } from "./body_length.ts";
import type { RawFields } from "./head_lines.ts";
import type { RequestHead } from "./heads.ts";

/** The fields of a call as node:http would give them. */
class CallHead implements ReceivedHead {
  readonly method: string;
  readonly rawHeaders: RawFields;
  #headers: Record<string, string> | undefined;

  constructor({ method, fields }: RequestHead) {
    this.method = method;
    this.rawHeaders = fields;
  }

  get headers(): Record<string, string> {
    return this.#headers ??= mergedFields(this.rawHeaders);
  }
}

/** Fields by name, merged as node:http does. */
export function mergedFields(fields: RawFields): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i], fields[i + 1]];
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`;
  }
  return headers;
}

/** The body of a call. */
export class CallBody implements ReceivedBody {
  readonly #stream: MeshStream;
  readonly #length: BodyLength;
  #isEnded = false;
  #isCut = false;
  touched = false;

  constructor(stream: MeshStream, length: BodyLength) {
    this.#stream = stream;
    this.#length = length;
  }

  read(): Chunk | Promise<Chunk> {
    this.touched = true;
    const step = this.#stream.read();
    if (step instanceof Promise) return step.then((chunk) => this.#count(chunk)).catch(brokenOff);
    try {
      return this.#count(step);
    } catch (error) {
      return Promise.reject(error).catch(brokenOff);
    }
  }

  whole(): Promise<Uint8Array<ArrayBuffer>> {
    return wholeOf(this);
  }

  cancel(): void {
    this.touched = true;
    this.#isEnded = true;
    this.#stream.cancel();
  }

  /** Takes no more of it; whoever still reads must not take what came for all. */
  cut(): void {
    if (!this.#isEnded) this.#isCut = true;
    this.#stream.cancel();
  }

  #count(chunk: Chunk): Chunk {
    if (this.#isEnded) return undefined;
    if (this.#isCut) throw new Error("It was answered before");
    if (chunk) this.#length.add(chunk.byteLength);
    else this.#length.end();
    this.#isEnded = chunk === undefined;
    return chunk;
  }
}

/** 499 is never sent: there is nobody to send it to. */
function brokenOff(cause: unknown): never {
  if (cause instanceof MalformedError) throw new HttpError(400, cause.message, { cause });
  throw new HttpError(499, "The request's body broke off before it was whole", { cause });
}

/**
 * The body that comes with a request; undefined when there is none.
 *
 * @throws {HttpError} 400 when it has no length that can be
 */
export function callBody({ method, fields }: RequestHead, stream: MeshStream): CallBody | undefined {
  if (method === "GET" || method === "HEAD") return undefined;
  try {
    const length = new BodyLength(fields);
    return stream.isEmpty && !length.isTold ? undefined : new CallBody(stream, length);
  } catch (cause) {
    throw new HttpError(400, "The request tells no length that its body can have", { cause });
  }
}

/**
 * Makes the request.
 *
 * @param untilGone makes the signal that aborts when the caller leaves
 */
export function callRequest(head: RequestHead, body: CallBody | undefined, untilGone: () => AbortSignal): Request {
  return servedRequest({ head: new CallHead(head), url: head.url, body, untilGone });
}
