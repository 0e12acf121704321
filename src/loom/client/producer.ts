/**
 * Writes a stream on a server: live, with every byte stored once. It appends as an idempotent producer (Durable Streams
 * 1.0 §5.2.1), one request at a time; what is written while that is under way goes into the next one.
 */

import { limits } from "../../limits.ts";
import { isJson } from "../store/json_messages.ts";
import type { End } from "../stream_store.ts";
import { createStream } from "./create_stream.ts";
import { Exchange } from "./exchange.ts";
import { LineFraming } from "./json_framing.ts";
import { Persistence, type PersistenceOptions } from "./retry.ts";
import { type Batch, RawFraming, SendQueue } from "./send_queue.ts";
import { streamUrl, type Target, tokenHeaders } from "./target.ts";

/** Options of {@linkcode openProducer}. */
export interface ProducerOptions extends Target, PersistenceOptions {
  /** Default: `application/octet-stream`. In a stream of `application/json` each line that is written is a value. */
  readonly contentType?: string;
  /** Any JSON value, kept with the stream. */
  readonly metadata?: unknown;
  /** Replaces a stream of that id. */
  readonly force?: boolean;
}

/** Writes one stream. Disposing it before its end ends the stream as aborted. */
export interface StreamWriter extends AsyncDisposable {
  /** How much of what was written is stored, bytes. */
  readonly storedBytes: number;
  /** Resolves when everything is stored and the stream has ended; rejects when that can't be any more. */
  readonly done: Promise<void>;
  /**
   * Writes; resolves when there is room for more.
   *
   * @param bytes not to be changed afterwards
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends what is left, and ends the stream; resolves when the server has it all. */
  close(end?: End): Promise<void>;
}

/** How long an end that nobody waits for may take, milliseconds. */
const DISPOSE_MS = 5000;

/**
 * Makes a stream and a writer for it.
 *
 * @throws {ClientError} when the stream can't be made
 * @throws {TypeError} when the server's URL or the token is none
 * @throws {StreamError} `invalid`, when the id is none
 */
export async function openProducer(options: ProducerOptions): Promise<StreamWriter> {
  const url = streamUrl(options);
  const contentType = options.contentType ?? "application/octet-stream";
  const stop = new AbortController();
  const signal = AbortSignal.any(options.signal ? [options.signal, stop.signal] : [stop.signal]);
  const persistence = new Persistence({ ...options, signal });
  const headers = { ...tokenHeaders(options.token), "content-type": contentType };
  await createStream(url, headers, options, persistence, signal);
  return new Writer(url, headers, persistence, stop, signal);
}

class Writer implements StreamWriter {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #persistence: Persistence;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  readonly #queue: SendQueue;
  readonly #producerId = crypto.randomUUID();
  #sequence = 0;
  #end: End | undefined;
  storedBytes = 0;
  readonly done: Promise<void>;

  constructor(
    url: URL,
    headers: Readonly<Record<string, string>>,
    persistence: Persistence,
    stop: AbortController,
    signal: AbortSignal,
  ) {
    this.#url = url;
    this.#headers = headers;
    this.#persistence = persistence;
    this.#stop = stop;
    this.#signal = signal;
    this.#queue = new SendQueue(isJson(headers["content-type"]) ? new LineFraming() : new RawFraming());
    signal.addEventListener("abort", () => this.#queue.fail(signal.reason), { once: true });
    this.done = this.#sendAll();
    this.done.catch((error) => this.#queue.fail(error)); // whoever writes or closes is told
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#end) throw new TypeError("Cannot write: the stream has been closed");
    await this.#queue.write(bytes);
  }

  async close(end: End = "closed"): Promise<void> {
    if (!this.#end) {
      this.#end = end;
      this.#queue.end();
    }
    await this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const patience = setTimeout(() => this.#stop.abort(), DISPOSE_MS);
    try {
      await this.close("aborted");
    } catch {
      // Whoever disposes of it early has given up on it, or was told by write() or close().
    } finally {
      clearTimeout(patience);
    }
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const batch = await this.#queue.take();
      const headers = this.#headersOf(batch);
      await this.#persistence.keepTrying(() => this.#post(headers, batch.bytes));
      this.#sequence++;
      this.storedBytes += batch.written;
      if (batch.last) return;
    }
  }

  #headersOf(batch: Batch): Record<string, string> {
    return {
      ...this.#headers,
      "producer-id": this.#producerId,
      "producer-epoch": "0",
      "producer-seq": String(this.#sequence),
      ...batch.last ? { "stream-closed": "true" } : {},
      ...batch.last && this.#end === "aborted" ? { "x-stream-end": "aborted" } : {},
    };
  }

  async #post(headers: Record<string, string>, body: Uint8Array<ArrayBuffer>): Promise<void> {
    using exchange = new Exchange({ signal: this.#signal, silenceMs: limits.clientAnswerMs });
    await exchange.ask(this.#url, { method: "POST", headers, body });
  }
}
