/** The body of a request that node:http received, as a source. */

import type { IncomingMessage } from "node:http";
import { type Chunk, concat, type Source } from "../bytes/source.ts";
import { HttpError } from "../errors.ts";

/** How much of a body that nobody wants is taken so that the client gets to read its answer; then it is cut off. */
const DISCARD_BYTES_MAX = 16 * 1024 * 1024;
/** How long a client may take to read the answer, when it sends on what nobody wants. */
const LINGER_MS = 1000;

/** A request's body: read from the socket only as fast as it is asked for, and not waited for without end. */
export class IncomingBody implements Source {
  readonly #incoming: IncomingMessage;
  readonly #idleMs: number;
  #wake: (() => void) | undefined;
  #touched = false;
  #listening = false;
  #error: unknown;
  #ended = false;
  /** More has come of what nobody wants than is let flow by. */
  #isExcess = false;
  #isReleased = false;

  constructor(incoming: IncomingMessage, idleMs: number) {
    this.#incoming = incoming;
    this.#idleMs = idleMs;
  }

  /** Somebody has read from it, or given it up. */
  get touched(): boolean {
    return this.#touched;
  }

  read(): Chunk | Promise<Chunk> {
    this.#touched = true;
    return this.#next() ?? (this.#ended ? undefined : this.#wait());
  }

  /** All of it, in memory of its own. */
  async whole(): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const step = this.read();
      const chunk = step instanceof Promise ? await step : step;
      if (!chunk) break;
      chunks.push(chunk);
    }
    const whole = concat(chunks);
    // A view of what was received would keep all of that, other requests too.
    return whole.byteLength === whole.buffer.byteLength ? whole : whole.slice();
  }

  /** Nobody wants the rest. It is let flow by, up to a bound, because a client that is cut off reads no answer. */
  cancel(): void {
    this.#touched = true;
    if (this.#ended) return;
    this.#listen();
    this.#ended = true;
    this.#incoming.removeAllListeners("readable");
    let left = DISCARD_BYTES_MAX;
    this.#incoming.on("data", (data: Uint8Array) => {
      left -= data.byteLength;
      if (left >= 0) return;
      this.#incoming.pause(); // until the answer is out: it may be still to come
      this.#isExcess = true;
      if (this.#isReleased) this.#linger();
    });
    this.#incoming.resume();
    this.#wakeUp();
  }

  /** Lets go of it when the answer is out: the next request of the connection stands behind it. */
  release(): void {
    this.#isReleased = true;
    if (this.#isExcess) this.#linger();
    // Of a body that has come and that nobody has touched, node:http disposes.
    if (this.#touched || !this.#incoming.complete) this.cancel();
  }

  /** Gives the client time to read its answer, and cuts it off. */
  #linger(): void {
    const timer = setTimeout(() => this.#incoming.destroy(), LINGER_MS);
    this.#incoming.once("close", () => clearTimeout(timer));
  }

  #next(): Chunk {
    if (this.#ended || this.#error) return undefined;
    const data = this.#incoming.read() as Uint8Array<ArrayBuffer> | null;
    if (data !== null) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    // The event that says so comes later.
    if (this.#incoming.complete && this.#incoming.readableLength === 0) this.#ended = true;
    return undefined;
  }

  async #wait(): Promise<Chunk> {
    await undefined; // what came together with the head is there by then, and needs no timer
    const early = this.#next();
    if (early || this.#ended) return early;
    this.#listen();
    const timer = setTimeout(() => {
      this.#error = new HttpError(408, `The request's body did not come within ${this.#idleMs} ms`);
      this.#wakeUp();
    }, this.#idleMs);
    try {
      for (;;) {
        if (this.#error) throw this.#error;
        const chunk = this.#next();
        if (chunk || this.#ended) return chunk;
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#incoming.on("readable", () => this.#wakeUp());
    this.#incoming.on("end", () => {
      this.#ended = true;
      this.#wakeUp();
    });
    const broken = (error?: unknown) => {
      if (!this.#ended) this.#error ??= error ?? new Error("The connection was closed");
      this.#wakeUp();
    };
    this.#incoming.on("error", broken);
    this.#incoming.on("close", () => broken());
    if (this.#incoming.destroyed && !this.#incoming.complete) broken(); // its events are over
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
