/**
 * What waits to be sent on a session, and in which order: frames for the session itself, then heads and bodies of streams
 * in turn. What is asked to be sent in one moment goes out as one message: sealing it and handing it to the system cost the
 * same for one call and for a hundred.
 */

import { meshLimits } from "../limits.ts";
import { TAG_BYTES } from "../noise/cipher_state.ts";
import { FRAME_HEAD_BYTES, type FrameType, writeFrameHead } from "./frames.ts";
import type { SenderHost, StreamSender } from "./stream_sender.ts";

/** Bytes of frames that one message has room for. */
const ROOM_BYTES = meshLimits.noiseMessageBytes - TAG_BYTES;
/** What a frame that waits takes besides its payload. */
const WAITING_BYTES = 128;

/** A frame that is sent ahead of bodies. */
interface ControlFrame {
  readonly type: FrameType;
  readonly stream: number;
  readonly payload: Uint8Array;
}

/** Where messages go. */
export interface OutboxHost {
  /** False while so much is under way that what waits had better wait here. */
  canSend(): boolean;
  /** Sends frames, which change afterwards. */
  send(frames: Uint8Array<ArrayBuffer>): void;
  /** What could be sent is. */
  flushed(): void;
  /** The other side takes nothing of what it asks for. */
  overflow(): void;
}

/** Messages are made in it; one is enough for all sessions, because none is left in it. */
const scratch = new Uint8Array(ROOM_BYTES);

/** The frames of one session. */
export class Outbox implements SenderHost {
  readonly #host: OutboxHost;
  #control: ControlFrame[] = [];
  #controlBytes = 0;
  #senders: StreamSender[] = [];
  #isScheduled = false;
  #isFlushing = false;
  #isClosed = false;

  constructor(host: OutboxHost) {
    this.#host = host;
  }

  /** Nothing waits. */
  get isEmpty(): boolean {
    return this.#control.length === 0 && this.#senders.length === 0 && !this.#isFlushing;
  }

  /** A stream has something to send. */
  wake(sender: StreamSender): void {
    if (sender.isQueued || !sender.isReady || this.#isClosed) return;
    sender.isQueued = true;
    this.#senders.push(sender);
    this.#schedule();
  }

  /** Sends a frame ahead of bodies. */
  control(type: FrameType, stream: number, payload: Uint8Array): void {
    if (this.#isClosed) return;
    this.#control.push({ type, stream, payload });
    this.#controlBytes += WAITING_BYTES + payload.byteLength;
    if (this.#controlBytes > meshLimits.controlBytes) this.flush();
    if (this.#controlBytes > meshLimits.controlBytes) return this.#host.overflow();
    this.#schedule();
  }

  /** Sends what waits, as far as there is room for it. */
  flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (!this.#isClosed && this.#host.canSend()) {
      const end = this.#fillSenders(this.#fillControl(0));
      if (end === 0) break;
      this.#host.send(scratch.subarray(0, end));
    }
    this.#isFlushing = false;
    this.#host.flushed();
  }

  /** Drops what waits. */
  close(): void {
    this.#isClosed = true;
    this.#control = [];
    this.#senders = [];
  }

  /** After all that is done at this moment: others have something to send too. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  #fillControl(at: number): number {
    let done = 0;
    for (const { type, stream, payload } of this.#control) {
      if (at + FRAME_HEAD_BYTES + payload.byteLength > ROOM_BYTES) break;
      at = writeFrameHead(scratch, at, type, stream, payload.byteLength);
      scratch.set(payload, at);
      at += payload.byteLength;
      this.#controlBytes -= WAITING_BYTES + payload.byteLength;
      done++;
    }
    if (done > 0) this.#control.splice(0, done);
    return at;
  }

  /** A turn for each. One that has no room for its next frame is the first in the next message: streams begin in order. */
  #fillSenders(at: number): number {
    for (let tries = this.#senders.length; tries > 0; tries--) {
      const sender = this.#senders[0];
      const isAlone = this.#senders.length === 1;
      const end = sender.fill(scratch, at, isAlone ? ROOM_BYTES : meshLimits.turnBytes);
      if (end === at && sender.isReady) return at;
      at = end;
      this.#senders.shift();
      sender.isQueued = sender.isReady;
      if (sender.isQueued) this.#senders.push(sender);
    }
    return at;
  }
}
