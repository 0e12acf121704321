/**
 * Answers whose whole body is known: our server sends them in one piece, without a stream in between. A `Response` of
 * bytes copies them when it is made; this one is a `Response` too, but makes a real one only when more is asked of it
 * than its head.
 */

/** Statuses whose answers the Fetch standard lets have no body. */
const BODILESS = new Set([101, 103, 204, 205, 304]);

class BytesResponse {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** What the head is kept in. */
  readonly #head: Response;
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
    this.#head = new Response(null, init);
    if (BODILESS.has(this.#head.status)) {
      throw new TypeError(`Cannot make an answer of bytes: one with status ${this.#head.status} has no body`);
    }
  }

  static known(response: Response): Uint8Array<ArrayBuffer> | undefined {
    if (!(#bytes in response)) return undefined;
    const known = response as unknown as BytesResponse;
    return known.#real ? undefined : known.#bytes;
  }

  get status(): number {
    return this.#head.status;
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
 * Makes an answer of bytes.
 *
 * @param bytes not to be changed afterwards
 * @throws what `new Response(bytes, init)` throws
 */
export function bytesResponse(bytes: Uint8Array<ArrayBuffer>, init: ResponseInit): Response {
  return new BytesResponse(bytes, init) as unknown as Response;
}

/** The whole body of an answer that nobody has taken up yet; undefined when it is not known. */
export function knownBytes(response: Response): Uint8Array<ArrayBuffer> | undefined {
  return BytesResponse.known(response);
}
