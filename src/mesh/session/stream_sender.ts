/** What one side sends on a stream: a head, a body as far as the other side lets it, and fields behind it. */

import type { Sink } from "../../bytes/source.ts";
import { meshLimits } from "../limits.ts";
import { END, FRAME_HEAD_BYTES, FrameType, writeFrameHead } from "./frames.ts";

/** What it needs of its session. */
export interface SenderHost {
  /** There is something to send. */
  wake(sender: StreamSender): void;
}

/** What it needs of its stream. */
export interface SenderStream {
  /** Nothing more will be sent. */
  done(): void;
  /** What is sent is given up, and the other side has to know. */
  abort(): void;
}

/** A frame that waits for its turn. */
interface WaitingHead {
  readonly type: FrameType;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** A larger grant than that is an error: nobody keeps so much for one stream. */
const CREDIT_MAX = 2 ** 31;
const EMPTY = new Uint8Array(0);

/** The sending half of a stream. */
export class StreamSender implements Sink {
  readonly id: number;
  /** It waits for its turn; kept by the session. */
  isQueued = false;
  readonly #host: SenderHost;
  readonly #stream: SenderStream;
  readonly #heads: WaitingHead[] = [];
  readonly #chunks: Uint8Array[] = [];
  /** What of the first chunk was sent. */
  #at = 0;
  #waiting = 0;
  #credit: number = meshLimits.streamWindowBytes;
  #hasBegun = false;
  #isClosed = false;
  #trailers: Uint8Array<ArrayBuffer> | undefined;
  #isDone = false;
  #room: PromiseWithResolvers<boolean> | undefined;

  constructor(id: number, host: SenderHost, stream: SenderStream) {
    this.id = id;
    this.#host = host;
    this.#stream = stream;
  }

  /** Something was sent: the other side knows of the stream. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** All was sent, or nobody wants more. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** There is something that may be sent. */
  get isReady(): boolean {
    if (this.#isDone) return false;
    if (this.#heads.length > 0) return true;
    return this.#chunks.length > 0 ? this.#credit > 0 : this.#isClosed;
  }

  /** Sends the head that comes before the body. @throws {RangeError} when it is too long */
  head(type: FrameType, payload: Uint8Array<ArrayBuffer>): void {
    checkLength("head", payload);
    if (this.#isDone) return;
    this.#heads.push({ type, payload });
    this.#host.wake(this);
  }

  /**
   * Sends some of the body, which may not be changed afterwards.
   *
   * @returns whether more is wanted, at once where there is room for it
   */
  put(chunk: Uint8Array): boolean | Promise<boolean> {
    if (this.#isDone || this.#isClosed) return false;
    if (chunk.byteLength > 0) this.#chunks.push(chunk);
    this.#waiting += chunk.byteLength;
    this.#host.wake(this);
    if (this.#waiting < meshLimits.streamQueueBytes) return true;
    this.#room ??= Promise.withResolvers<boolean>();
    return this.#room.promise;
  }

  async write(chunk: Uint8Array): Promise<boolean> {
    return await this.put(chunk);
  }

  /** Ends the body, with fields behind it if there are any. @throws {RangeError} when they are too long */
  close(trailers?: Uint8Array<ArrayBuffer>): void {
    if (trailers) checkLength("trailers", trailers);
    if (this.#isClosed || this.#isDone) return;
    this.#isClosed = true;
    this.#trailers = trailers;
    this.#host.wake(this);
  }

  /** Ends the stream both ways: a part of a body must not look like all of it. */
  abort(): void {
    if (!this.#isDone) this.#stream.abort();
  }

  /** The other side lets more be sent. @returns false when it is more than anybody can mean */
  grant(bytes: number): boolean {
    this.#credit += bytes;
    if (this.#credit > CREDIT_MAX) return false;
    if (this.#chunks.length > 0) this.#host.wake(this);
    return true;
  }

  /** The other side wants no more of the body. */
  stop(): void {
    if (this.#heads.length === 0) return this.break();
    this.#dropBody(); // the head of an answer is wanted all the same
    this.close();
  }

  /** It is over. */
  break(): void {
    if (this.#isDone) return;
    this.#heads.length = 0;
    this.#done();
    this.#dropBody();
  }

  /**
   * Writes frames into a message.
   *
   * @param most bytes of a body that it may write, while others wait
   * @returns where they end; `at` when there is no room for any
   */
  fill(buffer: Uint8Array, at: number, most: number): number {
    while (this.#heads.length > 0) {
      const end = this.#fillHead(buffer, at);
      if (end === at) return at;
      at = end;
    }
    at = this.#fillBody(buffer, at, most);
    if (this.#isDone || !this.#isClosed || this.#chunks.length > 0) return at;
    return this.#fillEnd(buffer, at);
  }

  #fillHead(buffer: Uint8Array, at: number): number {
    const { type, payload } = this.#heads[0];
    const start = at + FRAME_HEAD_BYTES;
    if (start + payload.byteLength > buffer.byteLength) return at;
    this.#heads.shift();
    this.#hasBegun = true;
    const isLast = this.#isLast(this.#heads.length === 0 && this.#chunks.length === 0);
    writeFrameHead(buffer, at, type | isLast, this.id, payload.byteLength);
    buffer.set(payload, start);
    return start + payload.byteLength;
  }

  /** One frame, of as many chunks as there is room for. */
  #fillBody(buffer: Uint8Array, at: number, most: number): number {
    const start = at + FRAME_HEAD_BYTES;
    const count = Math.min(this.#waiting, this.#credit, most, buffer.byteLength - start);
    if (count <= 0) return at;
    this.#copy(buffer, start, start + count);
    this.#credit -= count;
    this.#waiting -= count;
    writeFrameHead(buffer, at, FrameType.data | this.#isLast(this.#waiting === 0), this.id, count);
    if (this.#waiting < meshLimits.streamQueueBytes / 2) this.#makeRoom(true);
    return start + count;
  }

  #copy(buffer: Uint8Array, at: number, end: number): void {
    while (at < end) {
      const chunk = this.#chunks[0];
      const from = this.#at;
      const count = Math.min(chunk.byteLength - from, end - at);
      buffer.set(count === chunk.byteLength ? chunk : chunk.subarray(from, from + count), at);
      at += count;
      this.#at = from + count;
      if (this.#at < chunk.byteLength) return;
      this.#chunks.shift();
      this.#at = 0;
    }
  }

  #fillEnd(buffer: Uint8Array, at: number): number {
    const payload = this.#trailers ?? EMPTY;
    const start = at + FRAME_HEAD_BYTES;
    if (start + payload.byteLength > buffer.byteLength) return at;
    writeFrameHead(
      buffer,
      at,
      (this.#trailers ? FrameType.trailers : FrameType.data) | END,
      this.id,
      payload.byteLength,
    );
    buffer.set(payload, start);
    this.#done();
    return start + payload.byteLength;
  }

  /** The mark of the last frame, if it is the one. */
  #isLast(nothingLeft: boolean): number {
    if (!nothingLeft || !this.#isClosed || this.#trailers) return 0;
    this.#done();
    return END;
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#stream.done();
  }

  #dropBody(): void {
    this.#chunks.length = 0;
    this.#waiting = 0;
    this.#at = 0;
    this.#makeRoom(false);
  }

  #makeRoom(isWanted: boolean): void {
    const room = this.#room;
    this.#room = undefined;
    room?.resolve(isWanted);
  }
}

/** @throws {RangeError} when a head, or what ends a body, is too long for one frame */
export function checkLength(what: string, { byteLength }: Uint8Array): void {
  if (byteLength <= meshLimits.headBytes) return;
  throw new RangeError(`Cannot send the ${what}: ${byteLength} bytes are more than ${meshLimits.headBytes}`);
}
