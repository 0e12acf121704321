/** Bodies on their way between a client and an upstream, at the pace of whoever takes them. */

import type { ClientRequest, IncomingMessage } from "node:http";
import type { Chunk, Source } from "../bytes/source.ts";

/** The body of an upstream's answer. */
export class UpstreamBody implements Source {
  readonly #incoming: IncomingMessage;
  readonly #onEnd: () => void;
  #wake: (() => void) | undefined;
  #isOver = false;
  #error: unknown;

  /** @param onEnd told once, when it has been read to its end, has broken or is not wanted */
  constructor(incoming: IncomingMessage, onEnd: () => void) {
    this.#incoming = incoming;
    this.#onEnd = onEnd;
    incoming.on("end", () => this.#over());
    incoming.on("error", (error) => this.#over(error));
    incoming.on("close", () => this.#over(incoming.complete ? undefined : new Error("The upstream has left")));
  }

  read(): Chunk | Promise<Chunk> {
    return this.#next() ?? (this.#isOver && !this.#error ? undefined : this.#wait());
  }

  /** All of it, if it has come already; undefined when it has not, or is empty. */
  whole(): Uint8Array<ArrayBuffer> | undefined {
    if (!this.#incoming.complete || this.#incoming.readableLength === 0) return undefined;
    const whole = this.#next(); // all that waits comes as one piece
    this.#next(); // and this sees the end
    return whole;
  }

  /** Lets what comes flow by, of an answer that has no body for the client. */
  discard(): void {
    this.#incoming.resume();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#over();
    this.#incoming.destroy(); // and its connection: what would still come is for nobody
  }

  #next(): Chunk {
    const data = this.#incoming.read() as Uint8Array<ArrayBuffer> | null;
    if (data !== null) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (this.#incoming.complete && this.#incoming.readableLength === 0) this.#over(); // the event comes later
    return undefined;
  }

  async #wait(): Promise<Chunk> {
    if (this.#incoming.listenerCount("readable") === 0) this.#incoming.on("readable", () => this.#wakeUp());
    for (;;) {
      if (this.#error) throw this.#error;
      const chunk = this.#next();
      if (chunk || (this.#isOver && !this.#error)) return chunk;
      if (!this.#isOver) await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #over(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#onEnd();
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** A clock that runs while the upstream is to do something. */
export interface Clock {
  start(): void;
  stop(): void;
}

/**
 * Sends the body of a request.
 *
 * @param length what its head told, if it did: what is shorter or longer never passes for whole
 * @throws what the client's side of it broke with
 */
export async function sendBody(
  source: Source,
  outgoing: ClientRequest,
  length: number | undefined,
  clock: Clock,
): Promise<void> {
  let sent = 0;
  try {
    for (;;) {
      const step = source.read();
      if (step instanceof Promise) outgoing.flushHeaders(); // the upstream may have something to say already
      const chunk = await step;
      if (outgoing.destroyed) return source.cancel();
      if (!chunk) break;
      sent += chunk.byteLength;
      if (length !== undefined && sent > length) break;
      if (!outgoing.write(chunk)) await drained(outgoing, clock);
    }
    if (length !== undefined && sent !== length) throw new RangeError("The body is not as long as it was said to be");
    outgoing.end();
    clock.start();
  } catch (error) {
    source.cancel(error);
    outgoing.destroy();
    throw error;
  }
}

/** Waits for room, or for the end of the connection. */
async function drained(outgoing: ClientRequest, clock: Clock): Promise<void> {
  if (outgoing.destroyed) return;
  clock.start();
  await new Promise<void>((resolve) => {
    const end = () => {
      outgoing.off("drain", end);
      outgoing.off("close", end);
      resolve();
    };
    outgoing.on("drain", end);
    outgoing.on("close", end);
  });
  clock.stop();
}
