/**
 * Writes a stream on a server: live, with every byte stored once. It appends as an idempotent producer (Durable Streams
 * 1.0 §5.2.1), one request at a time; what is written while that is under way goes into the next one.
 */

import { limits } from "../../limits.ts";
import { isJson } from "../store/json_messages.ts";
import type { StreamEnd } from "../stream_store.ts";
import { createStream } from "./create_stream.ts";
import { Exchange } from "./exchange.ts";
import { LineFraming } from "./json_framing.ts";
import { Persistence, type RetryOptions } from "./retry.ts";
import { type Batch, RawFraming, SendQueue } from "./send_queue.ts";
import { type StreamTarget, streamUrl, tokenHeaders } from "./target.ts";

/** Options of {@linkcode openProducer}. */
export interface ProducerOptions extends StreamTarget, RetryOptions {
  /** Media type. Default: `application/octet-stream`. In a stream of `application/json` each line is a value. */
  readonly contentType?: string;
  /** Any JSON value, kept with the stream. */
  readonly metadata?: unknown;
  /** Replaces a stream of that id. Default: false. */
  readonly force?: boolean;
}

/** Writes one stream. Disposing it before its end ends the stream as aborted. */
export interface StreamProducer extends AsyncDisposable {
  /** How much of what was written is stored, bytes. */
  readonly storedBytes: number;
  /** Resolves when everything is stored and the stream has ended; rejects when that can't be any more. */
  readonly done: Promise<void>;
  /**
   * Writes; resolves when there is room for more.
   *
   * @param bytes not to be changed afterwards; text is sent as UTF-8
   * @throws {StreamClientError} when the stream can't be written any more
   * @throws {RangeError} for a line of a stream of JSON that is too long
   * @throws {TypeError} behind the end
   */
  write(bytes: Uint8Array | string): Promise<void>;
  /**
   * Sends what is left, and ends the stream; resolves when the server has it all.
   *
   * @param end how it ends. Default: `closed`
   * @throws {StreamClientError} when that can't be done
   */
  close(end?: StreamEnd): Promise<void>;
}

/** How long an end that nobody waits for may take, milliseconds. */
const DISPOSE_MS = 5000;

/**
 * Makes a stream on a server, and writes it live: what is written is sent at once, and stored once, also over a connection
 * that breaks.
 *
 * @returns when the server has made the stream
 * @throws {StreamClientError} when the stream can't be made
 * @throws {TypeError} when the server's URL or the token is none
 * @throws {StreamError} `invalid`, when the id is none
 *
 * @example Write a stream, and read it
 * ```ts
 * import { followStream, openMemoryLoom, openProducer, serveHttp } from "@sluice/sluice";
 *
 * await using loom = await openMemoryLoom();
 * await using server = await serveHttp(loom.fetch);
 * const url = `http://127.0.0.1:${server.port}`;
 *
 * await using producer = await openProducer({ url, id: "builds/42", contentType: "text/plain" });
 * await producer.write("compiled\n");
 * await producer.close();
 *
 * const decoder = new TextDecoder();
 * for await (const bytes of followStream({ url, id: "builds/42" })) {
 *   console.log(decoder.decode(bytes, { stream: true })); // compiled
 * }
 * ```
 */
export async function openProducer(options: ProducerOptions): Promise<StreamProducer> {
  const url = streamUrl(options);
  const contentType = options.contentType ?? "application/octet-stream";
  const stop = new AbortController();
  const signal = AbortSignal.any(options.signal ? [options.signal, stop.signal] : [stop.signal]);
  const persistence = new Persistence({ ...options, signal });
  const headers = { ...tokenHeaders(options.token), "content-type": contentType };
  await createStream(url, headers, options, persistence, signal);
  return new Writer(url, headers, persistence, stop, signal);
}

class Writer implements StreamProducer {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #persistence: Persistence;
  readonly #stop: AbortController;
  readonly #signal: AbortSignal;
  readonly #queue: SendQueue;
  readonly #producerId = crypto.randomUUID();
  #sequence = 0;
  #end: StreamEnd | undefined;
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

  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#end) throw new TypeError("Cannot write: the stream has been closed");
    await this.#queue.write(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  }

  async close(end: StreamEnd = "closed"): Promise<void> {
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
