/** One request and its answer, given up when nothing is heard for too long. */

import { limits } from "../../limits.ts";
import { Interruption, StreamClientError } from "./client_error.ts";
import { refusal } from "./refusal.ts";
import { Unreachable } from "./retry.ts";

/** Statuses of failures that may pass. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504, 507]);

/** Options of {@linkcode Exchange}. */
export interface ExchangeOptions {
  /** Ends it, with its reason. */
  readonly signal?: AbortSignal;
  /** How long it may be silent, milliseconds; `Infinity` for ever. */
  readonly silenceMs: number;
  /** Tells a server of streams from any other by a successful answer. Default: that it has Stream-Next-Offset. */
  readonly isOurs?: (headers: Headers) => boolean;
}

/** A request under way. Disposing it lets go of the connection. */
export class Exchange implements Disposable {
  readonly #options: ExchangeOptions;
  readonly #ended = new AbortController();
  readonly #onAbort = () => this.#ended.abort();
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    options.signal?.throwIfAborted();
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * Sends the request.
   *
   * @returns the answer, when it is one of success that a server of streams gives
   * @throws {Interruption} when it may work later
   * @throws {StreamClientError} when it will not
   */
  async ask(url: URL, init: RequestInit & { method: string }): Promise<Response> {
    // A redirect is not followed: fetch would make a GET of an append, and its success would be taken for the append's.
    const request = new Request(url, { ...init, redirect: "manual", signal: this.#ended.signal });
    const response = await this.#watched(() => fetch(request), (why, cause) => {
      return new Unreachable(`Cannot reach ${url.origin}: ${why}`, { cause });
    });
    if (response.ok && (this.#options.isOurs ?? tellsOffset)(response.headers)) return response;
    if (response.ok) {
      throw new StreamClientError("refused", `${url.origin} answers, but not as a server of streams does`);
    }
    const detail = detailOf(await this.#beginning(response));
    if (!PASSING.has(response.status)) throw refusal(init.method, response, detail);
    const afterMs = Math.min(Number(response.headers.get("retry-after") ?? 0) * 1000 || 0, limits.clientRetryAfterMs);
    throw new Interruption(`${url.origin} answered ${response.status}${detail && `: ${detail}`}`, { afterMs });
  }

  /** Reads the body; it breaks with an `Interruption`. */
  async *body(response: Response): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    if (!response.body) return;
    this.#reader ??= response.body.getReader();
    for (;;) {
      const { done, value } = await this.#watched(() => this.#reader!.read(), (why, cause) => {
        return new Interruption(`The connection broke: ${why}`, { cause });
      });
      if (done) return;
      if (value.byteLength > 0) yield value;
    }
  }

  [Symbol.dispose](): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    // What was not read is not wanted; a body that was read to its end does not mind.
    this.#reader?.cancel().catch(() => {/* it broke before */});
    this.#ended.abort();
  }

  /** Waits for one event of the connection, as long as it may be silent. */
  async #watched<T>(
    wait: () => Promise<T>,
    interruption: (why: string, cause: unknown) => Interruption,
  ): Promise<T> {
    let silent = false;
    const { silenceMs } = this.#options;
    const onSilence = () => {
      silent = true;
      this.#ended.abort();
    };
    const timer = silenceMs === Infinity ? undefined : setTimeout(onSilence, silenceMs);
    try {
      return await wait();
    } catch (cause) {
      this.#options.signal?.throwIfAborted();
      throw interruption(silent ? `nothing came for ${silenceMs / 1000} s` : reason(cause), cause);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The first bytes of an error's body. */
  async #beginning(response: Response): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let count = 0;
    for await (const chunk of this.body(response)) {
      text += decoder.decode(chunk.subarray(0, limits.clientErrorBytes - count), { stream: true });
      count += chunk.byteLength;
      if (count >= limits.clientErrorBytes) break;
    }
    return text;
  }
}

function tellsOffset(headers: Headers): boolean {
  return headers.has("stream-next-offset");
}

/** What the runtime says of a failure, without the request that we know ourselves. */
function reason(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const message = inner instanceof Error ? inner.message : String(inner);
  return message.slice(message.lastIndexOf("): ") + 1).replace(/^: /, "");
}

/** What an error's body says: the detail of a problem document, or a short text. */
function detailOf(body: string): string {
  let detail: unknown = body;
  try {
    const document = JSON.parse(body);
    detail = document?.detail ?? document?.error?.message ?? document?.error ?? "";
  } catch {
    // It is no JSON, but perhaps a sentence.
  }
  const line = typeof detail === "string" ? detail.trim().split("\n")[0] : "";
  // A server's words may not drive the terminal that they end on.
  return /^\s*</.test(line) ? "" : line.slice(0, 500).replace(/\p{Cc}/gu, "?");
}
