/** The receiving half of every link: what came before it was opened comes first, and nothing after its close. */

import type { LinkReceiver } from "./link.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Where bytes come from. It stands still until it is told to go on. */
export interface Flow {
  pause(): void;
  resume(): void;
}

/** Gives a receiver what comes, when it wants it. */
export class Delivery {
  readonly #flow: Flow;
  #receiver: LinkReceiver | undefined;
  /** True once the receiver has what came before it. */
  #isOpen = false;
  #early: Bytes[] = [];
  #closed: { readonly error?: Error } | undefined;
  #isMuted = false;
  #isPaused = false;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** This side has ended the link. */
  get isMuted(): boolean {
    return this.#isMuted;
  }

  /** More may come: the receiver wants it, or it is dropped. */
  get isFlowing(): boolean {
    return this.#isMuted || this.#isOpen && !this.#isPaused;
  }

  /** Takes the receiver, and calls it soon, but not now. */
  open(receiver: LinkReceiver): void {
    if (this.#receiver) throw new Error("Cannot open a link twice");
    this.#receiver = receiver;
    queueMicrotask(() => {
      const early = this.#early;
      this.#early = [];
      this.#isOpen = true;
      for (const bytes of early) if (!this.#isMuted) receiver.onBytes(bytes);
      if (this.#closed) receiver.onClose(this.#closed.error);
      else if (!this.#isPaused) this.#flow.resume();
    });
  }

  /** The receiver takes nothing for a while. */
  pause(): void {
    this.#isPaused = true;
    if (!this.#isMuted) this.#flow.pause();
  }

  /** It goes on. */
  resume(): void {
    this.#isPaused = false;
    if (this.#isOpen) this.#flow.resume();
  }

  /** Bytes came. */
  bytes(bytes: Bytes): void {
    if (this.#isMuted || this.#closed) return;
    if (this.#isOpen) this.#receiver!.onBytes(bytes);
    else this.#early.push(bytes);
  }

  /** There is room again. */
  drain(): void {
    if (this.#isOpen && !this.#isMuted && !this.#closed) this.#receiver!.onDrain();
  }

  /** It is over; only the first time counts. */
  close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = { error };
    if (this.#isOpen) this.#receiver!.onClose(error);
  }

  /** Gives nothing more but the close: this side has ended the link. */
  mute(): void {
    this.#isMuted = true;
    this.#early = [];
  }
}
