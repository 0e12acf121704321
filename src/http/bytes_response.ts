/**
 * Answers whose whole body is known: our server sends them in one piece, without a stream in between. A `Response` of
 * bytes copies them when it is made; this one is a `Response` too, but makes a real one only when more is asked of it
 * than its head.
 */

import { isFieldValue } from "./field_rules.ts";
import { isServed } from "./served_request.ts";
import { keepTrailers } from "./trailers.ts";

/** Statuses whose answers the Fetch standard lets have no body. */
const BODILESS = new Set([101, 103, 204, 205, 304]);

/** Names that nothing has to be done to. */
const PLAIN_NAME = /^[\da-z_-]+$/;

class BytesResponse {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #init: ResponseInit;
  /** Header fields as they are sent, while nobody has asked for more. */
  #fields: Readonly<Record<string, string>> | undefined;
  /** What the head is kept in, once somebody asks for it. */
  #made: Response | undefined;
  #real: Response | undefined;

  static {
    Object.setPrototypeOf(BytesResponse.prototype, Response.prototype);
    // As in served_request.ts: what is inherited finds the state of the real one.
    for (const key of Object.getOwnPropertySymbols(new Response("", { headers: { "x-a": "1" } }))) {
      Object.defineProperty(BytesResponse.prototype, key, {
        get(this: BytesResponse) {
          return Reflect.get(this.#whole(), key);
        },
        set(this: BytesResponse, value: unknown) {
          Reflect.set(this.#whole(), key, value);
        },
      });
    }
  }

  constructor(bytes: Uint8Array<ArrayBuffer>, init: ResponseInit) {
    this.#bytes = bytes;
    this.#init = init;
    this.#fields = fieldsOf(init);
    if (!this.#fields) this.#made = new Response(null, init);
    if (BODILESS.has(this.status)) {
      throw new TypeError(`Cannot make an answer of bytes: one with status ${this.status} has no body`);
    }
  }

  static known(response: Response): Uint8Array<ArrayBuffer> | undefined {
    if (!(#bytes in response)) return undefined;
    const known = response as unknown as BytesResponse;
    return known.#real ? undefined : known.#bytes;
  }

  static fields(response: Response): Readonly<Record<string, string>> | undefined {
    if (!(#bytes in response)) return undefined;
    const known = response as unknown as BytesResponse;
    return known.#made || known.#real ? undefined : known.#fields;
  }

  /** Sets fields where no head was made yet; false when that can't be. */
  static set(response: Response, fields: Readonly<Record<string, string>>): boolean {
    const before = BytesResponse.fields(response);
    const merged = before && fieldsOf({ headers: { ...before, ...fields } });
    if (merged) (response as unknown as BytesResponse).#fields = merged;
    return merged !== undefined;
  }

  get #head(): Response {
    return this.#made ??= new Response(null, this.#fields ? { ...this.#init, headers: this.#fields } : this.#init);
  }

  get status(): number {
    return this.#made?.status ?? this.#init.status ?? 200;
  }

  get statusText(): string {
    return this.#head.statusText;
  }

  get ok(): boolean {
    return this.#head.ok;
  }

  get headers(): Headers {
    return (this.#real ?? this.#head).headers;
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? false;
  }

  #whole(): Response {
    const { status, statusText, headers } = this.#head;
    return this.#real ??= new Response(this.#bytes, { status, statusText, headers });
  }
}

/**
 * Makes an answer of bytes, in the way that is cheapest for the server that the request came from.
 *
 * @param bytes not to be changed afterwards
 * @throws what `new Response(bytes, init)` throws
 */
export function answerWith(request: Request, bytes: Uint8Array<ArrayBuffer>, init: ResponseInit): Response {
  return isServed(request) ? bytesResponse(bytes, init) : new Response(bytes, init);
}

/**
 * Makes an answer of bytes for our own server: another one, such as `Deno.serve`, takes the insides of a `Response` in its
 * hands, and ends in a crash with those of this one.
 *
 * @param bytes not to be changed afterwards
 * @throws what `new Response(bytes, init)` throws
 */
export function bytesResponse(bytes: Uint8Array<ArrayBuffer>, init: ResponseInit): Response {
  return new BytesResponse(bytes, init) as unknown as Response;
}

/** Header fields as they were given, if they are a record that can be sent as it is, and of a usual answer. */
function fieldsOf({ headers, status = 200 }: ResponseInit): Readonly<Record<string, string>> | undefined {
  if (!headers || status !== 200 || Object.getPrototypeOf(headers) !== Object.prototype) return undefined;
  const fields = headers as Record<string, string>;
  for (const name in fields) {
    // What is wrong with a field is said where the answer is made, not where it is sent.
    if (typeof fields[name] !== "string" || !isFieldValue(fields[name])) return undefined;
    if (!PLAIN_NAME.test(name)) return undefined;
  }
  return fields;
}

/** Header fields of an answer whose head nobody has taken up yet; undefined when `Response.headers` has them. */
export function plainFields(response: Response): Readonly<Record<string, string>> | undefined {
  return BytesResponse.fields(response);
}

/**
 * A header field of an answer.
 *
 * @param name in lower case
 */
export function fieldOf(response: Response, name: string): string | undefined {
  const fields = plainFields(response);
  return fields ? fields[name] : response.headers.get(name) ?? undefined;
}

/**
 * Sets header fields of an answer, at no cost for one of bytes.
 *
 * @param fields names in lower case
 * @returns the answer; another one with its body, where its fields can't be changed, as those of `fetch` can't
 * @throws {TypeError} for a field that can't be sent
 */
export function setFields(response: Response, fields: Readonly<Record<string, string>>): Response {
  if (BytesResponse.set(response, fields)) return response;
  const checked = new Headers(fields);
  try {
    checked.forEach((value, name) => response.headers.set(name, value));
    return response;
  } catch {
    const { status, statusText } = response;
    const changed = new Response(response.body, { status, statusText, headers: response.headers });
    checked.forEach((value, name) => changed.headers.set(name, value));
    return keepTrailers(changed, response);
  }
}

/** The whole body of an answer that nobody has taken up yet; undefined when it is not known. */
export function knownBytes(response: Response): Uint8Array<ArrayBuffer> | undefined {
  return BytesResponse.known(response);
}
