/**
 * A request that our server received: a `Request` of which each part is made when it is asked for. To make a whole one
 * costs as much as all else that the server does for a small answer.
 */

import { fromReadableStream, type Source, toReadableStream } from "../bytes/source.ts";
import { fieldBytesIn, fieldIn, headersOf, type Received } from "./received.ts";
import { KnownBody, type ReceivedBody, WrappedBody } from "./received_body.ts";

/** What a request is told otherwise than it came. */
export interface RequestChanges {
  /** Absolute. */
  readonly url?: string;
  /** Header fields that are taken out, in lower case. */
  readonly without?: readonly string[];
  /** Aborts it, besides the client that leaves. */
  readonly signal?: AbortSignal;
  /** Stands between its body and whoever reads it. */
  readonly body?: (source: Source) => Source;
}

/** Requests that were made of others by servers that are not ours, and those. */
const originals = new WeakMap<Request, Request>();

/** What no handler asks for often works through a real request, made when it is. */
class ServedRequest {
  readonly #received: Received;
  /** What it was made of, and how it differs; undefined for one as it came. */
  readonly #before: { readonly request: ServedRequest; readonly changes: RequestChanges } | undefined;
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

  constructor(received: Received, before?: { request: ServedRequest; changes: RequestChanges }) {
    this.#received = received;
    this.#before = before;
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
    const served = request as unknown as ServedRequest;
    return served.#lacks(name) ? null : fieldIn(served.#received, name);
  }

  /** Bytes of the header fields as they came; undefined for a request of another server. */
  static fieldBytes(request: Request): number | undefined {
    if (!(#received in request)) return undefined;
    return fieldBytesIn((request as unknown as ServedRequest).#received);
  }

  /** The same request with changes; undefined when it is not ours, or somebody has begun to read it. */
  static changed(request: Request, changes: RequestChanges): Request | undefined {
    if (!(#received in request)) return undefined;
    const before = request as unknown as ServedRequest;
    if (!before.#isUntouched) return undefined;
    const { body, url } = before.#received;
    const wrapped = body && changes.body ? new WrappedBody(body, changes.body) : body;
    const received = { ...before.#received, url: changes.url ?? url, body: wrapped };
    return new ServedRequest(received, { request: before, changes }) as unknown as Request;
  }

  /** The same request with a body that is known; undefined when it is not ours. */
  static refilled(request: Request, bytes: Uint8Array<ArrayBuffer>): Request | undefined {
    if (!(#received in request)) return undefined;
    const before = request as unknown as ServedRequest;
    const received = { ...before.#received, body: new KnownBody(bytes) };
    return new ServedRequest(received, { request: before, changes: {} }) as unknown as Request;
  }

  static hasBody(request: Request): boolean {
    if (!(#received in request)) return request.body !== null;
    return (request as unknown as ServedRequest).#received.body !== undefined;
  }

  static original(request: Request): Request | undefined {
    if (!(#received in request)) return undefined;
    let first = request as unknown as ServedRequest;
    while (first.#before) first = first.#before.request;
    return first as unknown as Request;
  }

  get method(): string {
    return this.#received.head.method!;
  }

  get url(): string {
    return this.#received.url;
  }

  get headers(): Headers {
    return this.#real?.headers ?? (this.#headers ??= this.#makeHeaders());
  }

  get signal(): AbortSignal {
    return this.#signal ??= this.#makeSignal();
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

  #makeHeaders(): Headers {
    if (!this.#before) return headersOf(this.#received);
    const { request, changes } = this.#before;
    return changes.without ? withoutFields(request.headers, changes.without) : request.headers;
  }

  #makeSignal(): AbortSignal {
    if (!this.#before) return this.#received.untilGone();
    const { request, changes } = this.#before;
    return changes.signal ? AbortSignal.any([request.signal, changes.signal]) : request.signal;
  }

  #lacks(name: string): boolean {
    if (!this.#before) return false;
    const { request, changes } = this.#before;
    return (changes.without?.includes(name) ?? false) || request.#lacks(name);
  }

  /** Nobody has asked for the body yet, or for anything that may have to do with it. */
  get #isUntouched(): boolean {
    return !this.#real && !this.#stream && !this.#taken && !this.#received.body?.touched;
  }

  #take(): ReceivedBody | undefined {
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

/** Bytes of a request's header fields: names, values, and four for each line. */
export function fieldBytesOf(request: Request): number {
  const bytes = ServedRequest.fieldBytes(request);
  if (bytes !== undefined) return bytes;
  let sum = 0;
  for (const [name, value] of request.headers) sum += name.length + value.length + 4;
  return sum;
}

/** The same request with changes: one that our server received stays one of which each part is made when it is asked for. */
export function changedRequest(request: Request, changes: RequestChanges): Request {
  const served = ServedRequest.changed(request, changes);
  if (served) return served;
  const { method, headers, body, signal } = request;
  const made = new Request(changes.url ?? request.url, {
    method,
    headers: changes.without ? withoutFields(headers, changes.without) : headers,
    body: body && changes.body ? toReadableStream(changes.body(fromReadableStream(body))) : body,
    signal: changes.signal ? AbortSignal.any([signal, changes.signal]) : signal,
    duplex: "half",
  } as RequestInit);
  originals.set(made, originalOf(request));
  return made;
}

/**
 * The same request with its body in it again, after somebody has read it to the end.
 *
 * @param bytes not to be changed afterwards
 */
export function withBody(request: Request, bytes: Uint8Array<ArrayBuffer>): Request {
  const served = ServedRequest.refilled(request, bytes);
  if (served) return served;
  const { url, method, headers, signal } = request;
  const made = new Request(url, { method, headers, signal, body: bytes });
  originals.set(made, originalOf(request));
  return made;
}

/** Whether a request has a body, without taking it. */
export function hasBody(request: Request): boolean {
  return ServedRequest.hasBody(request);
}

/** The request as it came, of one that {@linkcode changedRequest} made: what is remembered of a request goes by that. */
export function originalOf(request: Request): Request {
  return ServedRequest.original(request) ?? originals.get(request) ?? request;
}

/** The path of a request's URL, as `URL.pathname` has it: a request's URL is written in one way only. */
export function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}

function withoutFields(headers: Headers, names: readonly string[]): Headers {
  const kept = new Headers(headers);
  for (const name of names) kept.delete(name);
  return kept;
}
