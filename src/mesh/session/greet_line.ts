/**
 * A link while two nodes greet each other: short messages behind their lengths, one at a time. Afterwards the session
 * takes the link over, with every byte that came meanwhile.
 */

import { concat } from "../../bytes/source.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import type { Link, LinkReceiver } from "../transport/link.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const LENGTH_BYTES = 2;
const NOTHING: Bytes = new Uint8Array(0);

/** Receives a link until somebody else does. */
export class GreetLine implements LinkReceiver {
  readonly #link: Link;
  /** What came and was not asked for yet. */
  #held = NOTHING;
  /** Whoever waits for something to change. */
  #wake = () => {};
  #closed: { readonly error?: Error } | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isLeaving = false;
  #successor: LinkReceiver | undefined;
  /** The same, as soon as it has what came before. */
  #receiver: LinkReceiver | undefined;

  /** Opens the link. */
  constructor(link: Link) {
    this.#link = link;
    link.open(this);
  }

  /** Sends a message. */
  send(message: Bytes): void {
    const frame = new Uint8Array(LENGTH_BYTES + message.byteLength);
    frame[0] = message.byteLength >>> 8;
    frame[1] = message.byteLength;
    frame.set(message, LENGTH_BYTES);
    this.#link.write(frame);
  }

  /**
   * The next message.
   *
   * @throws {MeshError} it is too long, or the link has ended; or what `fail` was called with
   */
  async receive(): Promise<Bytes> {
    for (;;) {
      if (this.#failure) throw this.#failure.error;
      const message = this.#takeMessage();
      if (message) return message;
      if (this.#closed) {
        throw new MeshError(
          "closed",
          "The other side ended the connection in its opening, as one with another network key does",
          { cause: this.#closed.error },
        );
      }
      this.#link.resume();
      await this.#change();
    }
  }

  /** Ends the link at once. */
  drop(): void {
    this.#link.destroy();
  }

  /** Ends the link at once, and says why to whoever waits for a message. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#link.destroy();
    this.#wake();
  }

  /** Ends the link when what was written has been sent, and waits until that is so. What still comes is lost. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#held = NOTHING;
    this.#link.resume();
    this.#link.end();
    while (!this.#closed && !this.#failure) await this.#change();
  }

  /** Takes nothing more until somebody takes the link over. */
  rest(): void {
    this.#link.pause();
  }

  /** Gives another receiver what came and was not asked for, and from then on all that comes. Calls nothing within. */
  handOver(receiver: LinkReceiver): void {
    if (this.#successor) throw new Error("Cannot hand over a link twice");
    this.#successor = receiver;
    queueMicrotask(() => {
      this.#receiver = receiver;
      const held = this.#held;
      this.#held = NOTHING;
      if (held.byteLength > 0) receiver.onBytes(held);
      if (this.#closed) receiver.onClose(this.#closed.error);
      else this.#link.resume();
    });
  }

  onBytes(bytes: Bytes): void {
    if (this.#receiver) return this.#receiver.onBytes(bytes);
    if (this.#isLeaving) return;
    this.#held = this.#held.byteLength === 0 ? bytes : concat([this.#held, bytes]);
    // There is a whole message in it: more would only let a stranger fill the memory.
    if (this.#held.byteLength >= LENGTH_BYTES + meshLimits.greetMessageBytes) this.#link.pause();
    this.#wake();
  }

  onDrain(): void {
    this.#receiver?.onDrain();
  }

  onClose(error?: Error): void {
    if (this.#receiver) return this.#receiver.onClose(error);
    this.#closed = { error };
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  #takeMessage(): Bytes | undefined {
    const held = this.#held;
    if (held.byteLength < LENGTH_BYTES) return undefined;
    const length = held[0] << 8 | held[1];
    if (held[0] === 0x48 && held[1] === 0x54) { // "HTTP"
      throw new MeshError(
        "protocol",
        "There is an HTTP server: give the port at which nodes are reached, or a ws: URL",
      );
    }
    if (length > meshLimits.greetMessageBytes) {
      throw new MeshError(
        "protocol",
        `A message of ${length} bytes is too long to open a connection: ${meshLimits.greetMessageBytes} are allowed`,
      );
    }
    if (held.byteLength < LENGTH_BYTES + length) return undefined;
    this.#held = held.subarray(LENGTH_BYTES + length);
    return held.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  }
}
