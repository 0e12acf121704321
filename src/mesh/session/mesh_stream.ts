/** One stream of a session: a head and a body each way, at the pace of their readers. */

import { ByteReader } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import type { Chunk, Source } from "../../bytes/source.ts";
import { meshLimits } from "../limits.ts";
import { ChunkQueue } from "./chunk_queue.ts";
import { type Frame, FrameType } from "./frames.ts";
import { type GrowthPool, ReceiveWindow } from "./receive_window.ts";
import { ResetCode, StreamReset } from "./reset_code.ts";
import { StreamSender } from "./stream_sender.ts";

/** What a stream needs of its session. */
export interface StreamHost {
  readonly growth: GrowthPool;
  readonly nowMs: () => number;
  /** There is something to send on it. */
  wake(sender: StreamSender): void;
  /** Sends a frame ahead of bodies. */
  control(type: FrameType, stream: number, payload: Uint8Array<ArrayBuffer>): void;
  /** It is over. */
  forget(stream: MeshStream): void;
}

/** Told of what happens on a stream. */
export interface StreamListener {
  /** The head of the answer came. */
  onHead?(head: Uint8Array<ArrayBuffer>): void;
  /** It broke, by the other side or with the session; not called for what was done here. */
  onBroken?(error: Error): void;
}

const EMPTY = new Uint8Array(0);

/** One end of a stream. */
export class MeshStream implements Source {
  readonly id: number;
  /** What goes to the other side. */
  readonly sender: StreamSender;
  /** Set by whoever uses it. */
  listener: StreamListener = {};
  readonly #host: StreamHost;
  readonly #window: ReceiveWindow;
  readonly #isOurs: boolean;
  readonly #chunks = new ChunkQueue();
  #trailers: Uint8Array<ArrayBuffer> | undefined;
  #hasHead = false;
  #hasBeenRead = false;
  /** The other side has sent its last frame. */
  #hasLast = false;
  /** Nothing more will come, or be taken. */
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  #isOver = false;

  /**
   * Makes one.
   *
   * @param isOurs we have begun it
   */
  constructor(id: number, isOurs: boolean, host: StreamHost) {
    this.id = id;
    this.#isOurs = isOurs;
    this.#host = host;
    this.#window = new ReceiveWindow(host.growth);
    this.sender = new StreamSender(id, host, {
      done: () => this.#lookForEnd(),
      abort: () => this.reset(ResetCode.failed),
    });
  }

  /** The fields behind the body, once that has been read to its end. */
  get trailers(): Uint8Array<ArrayBuffer> | undefined {
    return this.#trailers;
  }

  /** Why it broke. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** The next bytes of the other side's body. */
  read(): Chunk | Promise<Chunk> {
    const chunk = this.#next();
    if (chunk) return chunk;
    if (this.#error) return Promise.reject(this.#error);
    return this.#ended ? undefined : this.#wait();
  }

  /** Nothing of the other side's body is here, nor will be. */
  get isEmpty(): boolean {
    return this.#ended && this.#chunks.isEmpty;
  }

  /** All of the other side's body, if all of it is here and nobody has read of it. */
  takeWhole(): Uint8Array<ArrayBuffer>[] | undefined {
    if (!this.#ended || this.#error || this.#hasBeenRead) return undefined;
    return this.#takeChunks();
  }

  /** Nobody wants the rest of the other side's body. Whoever began the stream wants nothing of it then. */
  cancel(): void {
    if (this.isEmpty) return;
    this.#takeChunks();
    if (this.#isOver) return;
    if (this.#isOurs) return this.reset(ResetCode.cancelled);
    if (!this.#ended) this.#host.control(FrameType.stop, this.id, EMPTY);
    this.#end();
  }

  /** Ends it both ways, now. */
  reset(code: ResetCode, text = ""): void {
    if (this.#isOver) return;
    if (!this.#isOurs || this.sender.hasBegun) this.#sendReset(code, text);
    this.#break(new Error("The stream was given up"));
  }

  /** Takes a frame of the other side. @returns false when it is not allowed at its place, or is larger than it may be */
  take({ type, isLast, payload }: Frame): boolean {
    switch (type) {
      case FrameType.head:
        return !this.#hasLast && this.#takeHead(payload.slice(), isLast);
      case FrameType.data:
        return !this.#hasLast && this.#takeData(payload, isLast);
      case FrameType.trailers:
        return !this.#hasLast && isLast && this.#takeTrailers(payload);
      case FrameType.window:
        return payload.byteLength === 4 && this.sender.grant(new ByteReader(payload).u32());
      case FrameType.stop:
        this.sender.stop();
        return true;
      case FrameType.reset:
        if (payload.byteLength === 0) return false;
        this.break(new StreamReset(payload[0], wordsOf(payload.subarray(1))));
        return true;
      default:
        return false;
    }
  }

  /** The other side sends no body. */
  endEmpty(): void {
    this.#takeLast();
  }

  /** The other side, or the session, has ended it. */
  break(error: Error): void {
    if (this.#isOver) return;
    this.#break(error);
    this.listener.onBroken?.(error);
  }

  #sendReset(code: ResetCode, text: string): void {
    const words = new TextEncoder().encode(text.slice(0, meshLimits.reasonChars));
    const payload = new ByteWriter(1 + words.byteLength).u8(code).bytes(words);
    this.#host.control(FrameType.reset, this.id, payload.done());
  }

  #takeHead(head: Uint8Array<ArrayBuffer>, isLast: boolean): boolean {
    if (!this.#isOurs || this.#hasHead) return false;
    this.#hasHead = true;
    if (isLast) this.#takeLast();
    this.listener.onHead?.(head);
    return true;
  }

  #takeData(bytes: Uint8Array<ArrayBuffer>, isLast: boolean): boolean {
    if (this.#isOurs && !this.#hasHead) return false;
    if (!this.#window.receive(bytes.byteLength)) return false;
    if (!this.#ended) this.#chunks.push(bytes); // else it was on its way when we said that we want no more
    if (isLast) this.#takeLast();
    this.#wakeUp();
    return true;
  }

  #takeTrailers(trailers: Uint8Array<ArrayBuffer>): boolean {
    if (this.#isOurs && !this.#hasHead) return false;
    this.#trailers = trailers.slice();
    this.#takeLast();
    return true;
  }

  #takeLast(): void {
    this.#hasLast = true;
    this.#end();
  }

  #next(): Chunk {
    const chunk = this.#chunks.shift();
    if (!chunk) return undefined;
    this.#hasBeenRead = true;
    this.#lookForRest();
    const grant = this.#ended ? 0 : this.#window.read(chunk.byteLength, this.#host.nowMs);
    if (grant > 0) this.#host.control(FrameType.window, this.id, new ByteWriter(4).u32(grant).done());
    return chunk;
  }

  async #wait(): Promise<Chunk> {
    for (;;) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      const chunk = this.#next();
      if (chunk) return chunk;
      if (this.#error) throw this.#error;
      if (this.#ended) return undefined;
    }
  }

  #break(error: Error): void {
    this.#error = error;
    // What came before is still read; a body that is not whole must not look so.
    this.sender.break();
    this.#end();
    this.#finish();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#wakeUp();
    this.#lookForEnd();
  }

  #lookForEnd(): void {
    if (this.#ended && this.sender.isDone) this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#lookForRest();
    this.#host.forget(this);
  }

  #takeChunks(): Uint8Array<ArrayBuffer>[] {
    const chunks = this.#chunks.takeAll();
    this.#lookForRest();
    return chunks;
  }

  /** What the window grew by is for others when nothing is left of what it let come. */
  #lookForRest(): void {
    if (this.#isOver && this.#chunks.isEmpty) this.#window.close();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function wordsOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).slice(0, meshLimits.reasonChars);
}
