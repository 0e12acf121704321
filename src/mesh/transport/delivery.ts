/** The receiving half of every link: what came before it was opened comes first, and nothing after its close. */

import type { LinkReceiver } from "./link.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Gives a receiver what comes. */
export class Delivery {
  #receiver: LinkReceiver | undefined;
  /** True once the receiver has what came before it. */
  #isOpen = false;
  #early: Bytes[] = [];
  #closed: { readonly error?: Error } | undefined;
  #isMuted = false;

  /**
   * Takes the receiver, and calls it soon, but not now.
   *
   * @param begin called when it has what came before
   */
  open(receiver: LinkReceiver, begin: () => void): void {
    if (this.#receiver) throw new Error("Cannot open a link twice");
    this.#receiver = receiver;
    queueMicrotask(() => {
      const early = this.#early;
      this.#early = [];
      this.#isOpen = true;
      for (const bytes of early) if (!this.#isMuted) receiver.onBytes(bytes);
      if (this.#closed) receiver.onClose(this.#closed.error);
      else begin();
    });
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
