/** What waits to be sent: pieces that go into one request together, as many as fit. */

import { limits } from "../../limits.ts";
import { concat } from "../../bytes/source.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What one request carries. */
export interface Batch {
  /** The request's body; empty only when it is the last one. */
  readonly bytes: Bytes;
  /** How much of what was written it stands for. */
  readonly written: number;
  /** Nothing follows. */
  readonly last: boolean;
}

/** How what is written becomes what is sent. */
export interface Framing {
  /** Takes what was written; returns what is ready to be sent, in pieces that have to stay whole. */
  cut(bytes: Uint8Array): Bytes[];
  /** What is left at the end. */
  rest(): Bytes[];
  /** Makes one body of pieces. */
  join(pieces: readonly Bytes[]): Bytes;
  /** Bytes taken and not ready yet. */
  readonly held: number;
}

/** A bounded queue between one that writes and one that sends. */
export class SendQueue {
  readonly #framing: Framing;
  #pieces: Bytes[] = [];
  #waiting = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wakeSender = Promise.withResolvers<void>();
  #wakeWriter = Promise.withResolvers<void>();

  constructor(framing: Framing) {
    this.#framing = framing;
  }

  /**
   * Adds bytes, and waits while there is too much.
   *
   * @param bytes not to be changed afterwards
   */
  async write(bytes: Uint8Array): Promise<void> {
    this.#throwIfFailed();
    this.#add(this.#framing.cut(bytes));
    while (this.#waiting + this.#framing.held > limits.clientWaitingBytes) {
      if (this.#waiting === 0) {
        throw new RangeError(`Cannot send a line of more than ${limits.clientWaitingBytes} bytes in a stream of JSON`);
      }
      await this.#wakeWriter.promise;
      this.#throwIfFailed();
    }
  }

  /** Says that no more will come. */
  end(): void {
    this.#add(this.#framing.rest());
    this.#ended = true;
    this.#wakeSender.resolve();
  }

  /** What goes into the next request; waits until there is something, or the end. */
  async take(): Promise<Batch> {
    while (this.#pieces.length === 0 && !this.#ended && !this.#failure) await this.#wakeSender.promise;
    this.#throwIfFailed();
    this.#wakeSender = Promise.withResolvers();
    let count = 0;
    let written = 0;
    while (count < this.#pieces.length && (count === 0 || fits(written + this.#pieces[count].byteLength))) {
      written += this.#pieces[count++].byteLength;
    }
    const pieces = this.#pieces.splice(0, count);
    this.#waiting -= written;
    this.#wakeWriter.resolve();
    this.#wakeWriter = Promise.withResolvers();
    const bytes = count === 0 ? new Uint8Array(0) : this.#framing.join(pieces);
    return { bytes, written, last: this.#ended && this.#pieces.length === 0 };
  }

  /** Ends it for both sides: whoever waits is told why, and nothing more is taken. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wakeSender.resolve();
    this.#wakeWriter.resolve();
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  #add(pieces: Bytes[]): void {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#waiting += piece.byteLength;
    }
    if (pieces.length > 0) this.#wakeSender.resolve();
  }
}

function fits(bytes: number): boolean {
  return bytes <= limits.clientRequestBytes;
}

/** Bytes as they are. */
export class RawFraming implements Framing {
  readonly held = 0;

  cut(bytes: Uint8Array): Bytes[] {
    const pieces: Bytes[] = [];
    for (let at = 0; at < bytes.byteLength; at += limits.clientRequestBytes) {
      pieces.push(bytes.subarray(at, at + limits.clientRequestBytes) as Bytes);
    }
    return pieces;
  }

  rest(): Bytes[] {
    return [];
  }

  join(pieces: readonly Bytes[]): Bytes {
    return concat(pieces);
  }
}
