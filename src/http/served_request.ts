/**
 * A request that our server received: a `Request` of which each part is made when it is asked for. To make a whole one
 * costs as much as all else that the server does for a small answer.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { fromReadableStream, type Source, toReadableStream } from "../bytes/source.ts";
import type { IncomingBody } from "./incoming_body.ts";

/** What a request is made of. */
export interface Received {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** Its absolute form. */
  readonly url: string;
  /** Its body; undefined when it has none. */
  readonly body: IncomingBody | undefined;
}

/** What no handler asks for often works through a real request, made when it is. */
class ServedRequest {
  readonly #received: Received;
  #headers: Headers | undefined;
  #signal: AbortSignal | undefined;
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #real: Request | undefined;
  /** The body was handed out without a stream around it. */
  #taken = false;

  static {
    Object.setPrototypeOf(ServedRequest.prototype, Request.prototype);
    // The runtime keeps a request's state under symbols. Found here too, they let all methods and attributes that are
    // inherited work, and `new Request(request)` and `fetch(request)`.
    for (const key of Object.getOwnPropertySymbols(new Request("http://localhost/"))) {
      Object.defineProperty(ServedRequest.prototype, key, {
        get(this: ServedRequest) {
          return Reflect.get(this.#whole(), key);
        },
        set(this: ServedRequest, value: unknown) {
          Reflect.set(this.#whole(), key, value);
        },
      });
    }
  }

  constructor(received: Received) {
    this.#received = received;
  }

  static isServed(request: Request): boolean {
    return #received in request;
  }

  /** The body of a request, without a stream around it where there need be none. */
  static source(request: Request): Source | undefined {
    if (#received in request) {
      const served = request as unknown as ServedRequest;
      if (served.#isUntouched) return served.#take();
    }
    if (request.bodyUsed) throw new TypeError("Cannot read the body of the request: it was read before");
    return request.body ? fromReadableStream(request.body) : undefined;
  }

  /** A header field, without making all of them. */
  static field(request: Request, name: string): string | null {
    if (!(#received in request)) return request.headers.get(name);
    const value = (request as unknown as ServedRequest).#received.incoming.headers[name];
    return Array.isArray(value) ? value.join(", ") : value ?? null;
  }

  get method(): string {
    return this.#received.incoming.method!;
  }

  get url(): string {
    return this.#received.url;
  }

  get headers(): Headers {
    return this.#real?.headers ?? (this.#headers ??= toHeaders(this.#received.incoming.rawHeaders));
  }

  get signal(): AbortSignal {
    return this.#signal ??= untilGone(this.#received);
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    const { body } = this.#received;
    if (!body) return null;
    if (this.#real || this.#taken) return this.#whole().body;
    return this.#stream ??= toReadableStream(body);
  }

  get bodyUsed(): boolean {
    return this.#real ? this.#real.bodyUsed : this.#taken || (this.#received.body?.touched ?? false);
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#isUntouched) return await this.#whole().bytes();
    return await this.#take()?.whole() ?? new Uint8Array(0);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /** Nobody has asked for the body yet, or for anything that may have to do with it. */
  get #isUntouched(): boolean {
    return !this.#real && !this.#stream && !this.#taken;
  }

  #take(): IncomingBody | undefined {
    const { body } = this.#received;
    this.#taken = body !== undefined;
    return body;
  }

  /** The real request. It takes over the body, if that is to be had yet. */
  #whole(): Request {
    if (this.#real) return this.#real;
    const { method, headers, signal } = this;
    const spent = this.bodyUsed || this.#stream?.locked;
    const body = spent ? new ReadableStream() : this.body;
    this.#real = new Request(this.url, { method, headers, signal, body, duplex: "half" } as RequestInit);
    if (spent) this.#real.body!.cancel(); // one that is used up, as ours is
    return this.#real;
  }
}

/** Makes the request for a handler. */
export function servedRequest(received: Received): Request {
  return new ServedRequest(received) as unknown as Request;
}

/** True for a request that our own server received. */
export function isServed(request: Request): boolean {
  return ServedRequest.isServed(request);
}

/**
 * The body of a request as a source, undefined when it has none. It takes the body, as `request.body.getReader()` does,
 * and costs less: of a request that our server received, no stream is made.
 *
 * @throws {TypeError} when somebody else reads it, or has read it
 */
export function bodySource(request: Request): Source | undefined {
  return ServedRequest.source(request);
}

/**
 * A header field of a request: what `request.headers.get` gives, at less cost for a request that our server received.
 *
 * @param name in lower case
 */
export function fieldOfRequest(request: Request, name: string): string | null {
  return ServedRequest.field(request, name);
}

/** The path of a request's URL, as `URL.pathname` has it: a request's URL is written in one way only. */
export function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}

function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i < raw.length; i += 2) headers.append(raw[i], raw[i + 1]);
  return headers;
}

/** Aborts when the client leaves before it has had its answer. */
function untilGone({ incoming, outgoing }: Received): AbortSignal {
  const gone = new AbortController();
  const look = () => {
    if (!outgoing.writableFinished) gone.abort();
  };
  if (outgoing.destroyed || incoming.socket.destroyed) look();
  else outgoing.on("close", look);
  return gone.signal;
}
