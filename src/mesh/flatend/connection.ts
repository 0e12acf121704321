/**
 * A connection of a flatend node to us, as packets: the exchange of keys, frames, the cipher, and the numbers in front of
 * packets. What is to be sent waits in one line and is encrypted when its turn comes, because its number is its nonce.
 *
 * ```text
 * exchange --32 bytes--> open --end(), or the other side's--> ending --closed, or too late--> closed
 * ```
 */

import type { Socket } from "node:net";
import { ByteReader, MalformedError } from "../../bytes/byte_reader.ts";
import { concat } from "../../bytes/source.ts";
import type { Clock } from "../clock.ts";
import { type Cipher, EXCHANGE_BYTES, newExchange, TAG_BYTES } from "./cipher.ts";
import { FrameReader, LENGTH_BYTES } from "./frame_reader.ts";
import { flatendLimits } from "./limits.ts";
import { type Packet, readPacket } from "./packets.ts";

/** Takes what comes. */
export interface ConnectionReceiver {
  /**
   * A packet came.
   *
   * @param number what its reply has to carry; 0 where none is expected
   * @throws {MalformedError} when it makes no sense: the connection is ended
   */
  onPacket(packet: Packet, number: number): void;
  /** Nothing more comes, and nothing can be sent; called once, at once when we end it ourselves. */
  onEnd(reason: string, isFault: boolean): void;
}

/** How a connection ends. */
export interface EndOptions {
  /** What was written need not arrive any more. */
  readonly isUrgent?: boolean;
  /** The other side has done what it may not. */
  readonly isFault?: boolean;
}

/** Packets or parts of a body that wait for their turn. */
interface Waiting {
  readonly number: number;
  readonly messages: readonly Uint8Array[];
  resolve(): void;
  reject(error: Error): void;
}

/** Bytes of the number in front of a packet. */
const NUMBER_BYTES = 4;

/** One connection. */
export class Connection {
  readonly #socket: Socket;
  readonly #receiver: ConnectionReceiver;
  readonly #clock: Clock;
  readonly #frames = new FrameReader();
  #exchanged: Uint8Array<ArrayBuffer>[] = [];
  #cipher: Cipher | undefined;
  #waiting: Waiting[] = [];
  /** So much is on its way that the next has to wait. */
  #isFull = false;
  #isEnded = false;
  #stopClock = () => {};

  /** Takes over a socket that was accepted. */
  constructor(socket: Socket, receiver: ConnectionReceiver, clock: Clock) {
    this.#socket = socket;
    this.#receiver = receiver;
    this.#clock = clock;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, flatendLimits.probeMs);
    socket.on("data", (bytes: Uint8Array<ArrayBuffer>) => this.#take(bytes));
    socket.on("drain", () => this.#drain());
    socket.on("error", (error: Error) => this.end(error.message, { isUrgent: true }));
    socket.on("end", () => this.end("the other side has ended it"));
    socket.on("close", () => this.end("the other side has ended it", { isUrgent: true }));
  }

  /** It has ended, or is about to. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * Sends packets, each in a frame of its own.
   *
   * @returns when they are on their way and there is room for more; rejects when they will never be
   */
  send(messages: readonly Uint8Array[], number = 0): Promise<void> {
    if (this.#isEnded) return Promise.reject(new Error("The connection has ended"));
    if (this.#waiting.length >= flatendLimits.queued) this.#stall();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ number, messages, resolve, reject });
    this.#flush();
    return promise;
  }

  /** Reads nothing more for a while. */
  pause(): void {
    if (!this.#isEnded) this.#socket.pause();
  }

  /** Goes on. */
  resume(): void {
    if (!this.#isEnded) this.#socket.resume();
  }

  /**
   * Ends it: what is on its way still arrives, unless it is ended now. Until the other side has ended it too, what comes
   * is dropped: a connection that is closed with bytes unread is a reset to the other side, and npm flatend dies of one.
   */
  end(reason: string, { isUrgent = false, isFault = false }: EndOptions = {}): void {
    if (isUrgent) this.#socket.destroy();
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#stopClock();
    const waiting = this.#waiting;
    this.#waiting = [];
    if (!isUrgent) {
      this.#socket.end();
      this.#socket.resume();
      const stop = this.#clock.after(flatendLimits.lingerMs, () => this.#socket.destroy());
      this.#socket.once("close", stop);
    }
    for (const { reject } of waiting) reject(new Error(`The connection has ended: ${reason}`));
    this.#receiver.onEnd(reason, isFault);
  }

  #take(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#isEnded) return;
    try {
      const rest = this.#cipher ? bytes : this.#exchange(bytes);
      for (const frame of this.#frames.read(rest)) {
        this.#open(this.#cipher!.open(frame));
        if (this.#isEnded) return;
      }
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.end(error.message, { isFault: true });
    }
  }

  /** The first bytes are the other side's key. @returns what comes behind it */
  #exchange(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#exchanged.push(bytes);
    const whole = concat(this.#exchanged);
    if (whole.byteLength < EXCHANGE_BYTES) return whole.subarray(whole.byteLength);
    this.#exchanged = [];
    const exchange = newExchange();
    this.#cipher = exchange.agree(whole.subarray(0, EXCHANGE_BYTES));
    this.#socket.write(exchange.publicKey);
    this.#flush();
    return whole.subarray(EXCHANGE_BYTES);
  }

  #open(message: Uint8Array<ArrayBuffer>): void {
    const reader = new ByteReader(message);
    const number = reader.u32();
    if (number !== 0 && number % 2 === 0) {
      throw new MalformedError(`A reply came to the question ${number}, never asked`);
    }
    const packet = readPacket(reader.rest());
    const isQuestion = packet.type === "handshake" || packet.type === "find";
    if (isQuestion !== (number !== 0)) {
      throw new MalformedError(`A packet of the type ${packet.type} has the number ${number}`);
    }
    this.#receiver.onPacket(packet, number);
  }

  #flush(): void {
    while (this.#cipher && !this.#isFull && !this.#isEnded) {
      const next = this.#waiting.shift();
      if (!next) return;
      if (!this.#socket.write(this.#seal(next))) {
        this.#isFull = true;
        this.#stopClock = this.#clock.after(flatendLimits.stallMs, () => this.#stall());
      }
      next.resolve();
    }
  }

  #stall(): void {
    this.end("it takes nothing of what is sent to it", { isUrgent: true, isFault: true });
  }

  #drain(): void {
    this.#stopClock();
    this.#isFull = false;
    this.#flush();
  }

  /** Frames, one behind the other. */
  #seal({ number, messages }: Waiting): Uint8Array {
    const around = LENGTH_BYTES + NUMBER_BYTES + TAG_BYTES;
    const frames = new Uint8Array(messages.reduce((sum, message) => sum + around + message.byteLength, 0));
    const view = new DataView(frames.buffer);
    let at = 0;
    for (const message of messages) {
      const length = NUMBER_BYTES + message.byteLength;
      const plain = new Uint8Array(length);
      new DataView(plain.buffer).setUint32(0, number);
      plain.set(message, NUMBER_BYTES);
      view.setUint32(at, length + TAG_BYTES);
      this.#cipher!.seal(plain, frames.subarray(at + LENGTH_BYTES));
      at += LENGTH_BYTES + length + TAG_BYTES;
    }
    return frames;
  }
}
