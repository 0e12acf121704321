/** The body of a request that node:http received, as a source. */

import type { IncomingMessage } from "node:http";
import type { Chunk } from "../bytes/source.ts";
import { HttpError } from "../errors.ts";
import { type ReceivedBody, wholeOf } from "./received_body.ts";

/** How much of a body that nobody wants is taken so that the client gets to read its answer; then it is cut off. */
const DISCARD_BYTES_MAX = 16 * 1024 * 1024;
/** How long a client may take to read the answer, when it sends on what nobody wants. */
const LINGER_MS = 1000;
/** How long what nobody wants may take to come when the answer is out: 16 MiB at the pace of a slow line. */
const DISCARD_MS_MAX = 120_000;
/** Bytes around those of a chunked body, for each of them: one in a chunk and a TLS record of its own has 60. */
const FRAMING_RATIO_MAX = 64;
/** So many are always let (RFC 9112 §7.1.1 asks for a bound on extensions of chunks). */
const FRAMING_BYTES = 64 * 1024;

/** A request's body: read from the socket only as fast as it is asked for, and not waited for without end. */
export class IncomingBody implements ReceivedBody {
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
  #bytes = 0;
  /** What had come of the connection and of this body when somebody began to wait for more. */
  #before: { readonly read: number; readonly bytes: number } | undefined;

  constructor(incoming: IncomingMessage, idleMs: number) {
    this.#incoming = incoming;
    this.#idleMs = idleMs;
  }

  /** Somebody has read from it, or given it up. */
  get touched(): boolean {
    return this.#touched;
  }

  /** It can't be taken to its end: what comes next on its connection may still be a part of it. */
  get isBroken(): boolean {
    return this.#error !== undefined;
  }

  /** What was taken of it so far. */
  get bytes(): number {
    return this.#bytes;
  }

  read(): Chunk | Promise<Chunk> {
    this.#touched = true;
    return this.#next() ?? (this.#ended ? undefined : this.#wait());
  }

  /** All of it, in memory of its own. */
  whole(): Promise<Uint8Array<ArrayBuffer>> {
    return wholeOf(this);
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
      this.#bytes += data.byteLength;
      if (left >= 0) return;
      this.#incoming.pause(); // until the answer is out: it may be still to come
      this.#isExcess = true;
      if (this.#isReleased) this.#linger(LINGER_MS);
    });
    this.#incoming.resume();
    this.#wakeUp();
  }

  /** Lets go of it when the answer is out: the next request of the connection stands behind it. */
  release(): void {
    this.#isReleased = true;
    if (this.#isExcess) this.#linger(LINGER_MS);
    else if (!this.#incoming.complete) this.#linger(DISCARD_MS_MAX);
    // Of a body that has come and that nobody has touched, node:http disposes.
    if (this.#touched || !this.#incoming.complete) this.cancel();
  }

  /** Gives the client time to read its answer and to send what is left, and cuts it off. */
  #linger(ms: number): void {
    const { socket } = this.#incoming;
    if (socket.destroyed) return;
    const end = () => {
      clearTimeout(timer);
      socket.off("close", end);
      this.#incoming.off("end", end);
    };
    const timer = setTimeout(() => socket.destroy(), ms);
    socket.on("close", end);
    this.#incoming.on("end", end);
  }

  #next(): Chunk {
    if (this.#ended || this.#error) return undefined;
    const data = this.#incoming.read() as Uint8Array<ArrayBuffer> | null;
    if (data !== null) {
      this.#bytes += data.byteLength;
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    }
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
        if (chunk) this.#checkFraming();
        if (chunk || this.#ended) return chunk;
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** A body that is hardly there costs as much to take as a large one, and no bound on its length would tell. */
  #checkFraming(): void {
    const { socket, headers } = this.#incoming;
    if (headers["content-length"] !== undefined) return;
    const { read, bytes } = this.#before ??= { read: socket.bytesRead, bytes: this.#bytes };
    const taken = this.#bytes - bytes;
    if (socket.bytesRead - read - taken <= FRAMING_BYTES + taken * FRAMING_RATIO_MAX) return;
    this.#error = new HttpError(413, "The chunks of the request's body are mostly extensions");
    throw this.#error;
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#incoming.on("readable", () => this.#wakeUp());
    this.#incoming.on("end", () => {
      this.#ended = true;
      this.#wakeUp();
    });
    const broken = (cause?: unknown) => {
      // Its reader may hear of it before the request's signal does. 499 is never sent: there is nobody to send it to.
      if (!this.#ended) this.#error ??= new HttpError(499, "The client left before its body was whole", { cause });
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
