/** Two ends of a connection in memory. What is written comes by microtasks, so that no clock is needed for it. */

import type { Link, LinkReceiver } from "../../../src/mesh/transport/link.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What may be set of a pair. */
export interface LinkPairOptions {
  /** The address that each end sees of the other one; none unless told. */
  readonly remoteHost?: string;
  /** How many bytes may wait for an end until `write` returns false. */
  readonly roomBytes?: number;
}

/** Makes a pair: what is written to one comes out of the other. */
export function linkPair(options: LinkPairOptions = {}): [MemoryLink, MemoryLink] {
  const a = new MemoryLink(options);
  const b = new MemoryLink(options);
  a.join(b);
  b.join(a);
  return [a, b];
}

/** Cuts what is written into single bytes, for `shape`. */
export function byteByByte(bytes: Bytes): Bytes[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** One end. */
export class MemoryLink implements Link {
  readonly remoteHost: string | undefined;
  /** What becomes of each piece that this end writes: split, corrupted, doubled, or lost; each result comes alone. */
  shape: (bytes: Bytes) => readonly Bytes[] = (bytes) => [bytes];
  /** Every piece that this end wrote, before `shape`. */
  readonly written: Bytes[] = [];
  /** What called for its end, if something did. */
  ended: "end" | "destroy" | "other side" | undefined;
  readonly #roomBytes: number;
  #other!: MemoryLink;
  #receiver: LinkReceiver | undefined;
  #inbox: Bytes[] = [];
  #inboxBytes = 0;
  #isPaused = false;
  #isHeld = false;
  #isScheduled = false;
  #isOwedDrain = false;
  /** The other end has said its last. */
  #isEnding = false;
  #isClosed = false;

  constructor({ remoteHost, roomBytes = 64 * 1024 }: LinkPairOptions) {
    this.remoteHost = remoteHost;
    this.#roomBytes = roomBytes;
  }

  /** Says which the other end is. */
  join(other: MemoryLink): void {
    this.#other = other;
  }

  /** True when `onClose` was called, or would have been. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** True between `pause` and `resume`. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  open(receiver: LinkReceiver): void {
    if (this.#receiver) throw new Error("Cannot open a link twice");
    this.#receiver = receiver;
    this.#schedule();
  }

  write(bytes: Bytes): boolean {
    if (this.ended) return false;
    this.written.push(bytes);
    const other = this.#other;
    // A copy, as of a wire: what the writer does to its bytes afterwards is not seen.
    for (const piece of this.shape(bytes)) other.#take(piece.slice());
    this.#isOwedDrain ||= other.#inboxBytes > this.#roomBytes;
    return !this.#isOwedDrain;
  }

  /** Lets nothing through to this end until `release`, as a network that stands still does. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#schedule();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  end(): void {
    if (this.ended) return;
    this.ended = "end";
    this.#other.#isEnding = true;
    this.#other.#schedule();
  }

  destroy(): void {
    if (this.#isClosed) return;
    if (!this.ended || this.ended === "end") this.ended = "destroy";
    for (const end of [this, this.#other]) {
      end.#inbox = [];
      end.#inboxBytes = 0;
      end.#close();
    }
  }

  #take(piece: Bytes): void {
    if (this.#isClosed) return;
    this.#inbox.push(piece);
    this.#inboxBytes += piece.byteLength;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isHeld || this.#isPaused || !this.#receiver) return;
    if (this.#inbox.length === 0 && !this.#isEnding && !this.#isClosed) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  /** One piece at a time, so that what is called in between has its effect. */
  #deliver(): void {
    if (this.#isHeld || this.#isPaused) return;
    const piece = this.#inbox.shift();
    if (piece) {
      this.#inboxBytes -= piece.byteLength;
      this.#receiver!.onBytes(piece);
      this.#other.#drain();
    }
    if (this.#inbox.length > 0) return this.#schedule();
    if (this.#isEnding && !this.#isClosed) {
      this.#close();
      this.#other.#close();
    }
  }

  #drain(): void {
    if (!this.#isOwedDrain || this.#other.#inboxBytes > 0 || this.#isClosed) return;
    this.#isOwedDrain = false;
    queueMicrotask(() => this.#isClosed || this.#receiver?.onDrain());
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.ended ??= "other side";
    queueMicrotask(() => this.#receiver?.onClose());
  }
}
