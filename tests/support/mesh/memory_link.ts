/** Links of a network in memory: bytes take time, come in order, and wait for whoever takes them. */

import { meshLimits } from "../../../src/mesh/limits.ts";
import { Delivery } from "../../../src/mesh/transport/delivery.ts";
import type { Link, LinkReceiver } from "../../../src/mesh/transport/link.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What lies between two ends. */
export interface MemoryCable {
  nowMs(): number;
  /** Wakes an end later. @returns when that is */
  wakeIn(ms: number, end: MemoryLink): number;
  /** Calls once, later. @returns what takes that back */
  after(ms: number, call: () => void): () => void;
  /** True while nothing comes through between two hosts; the end is woken when something may again. */
  isCut(end: MemoryLink): boolean;
  /** An end is over. */
  gone(end: MemoryLink): void;
}

/** Who talks with whom, and how far they are apart. */
export interface MemoryEnds {
  readonly host: string;
  readonly remoteHost: string;
  /** One way, whole milliseconds. */
  readonly latencyMs: number;
  /** The link tells where it leads. */
  readonly showsHost: boolean;
}

/** Bytes that are on their way, or the end of them. */
interface Piece {
  readonly dueMs: number;
  readonly bytes: Bytes | undefined;
}

/** Whoever was told to wait goes on when no more than this waits. */
const ROOM_BYTES = meshLimits.linkWaitingBytes / 2;

/** One end. */
export class MemoryLink implements Link {
  readonly remoteHost: string | undefined;
  /** The same, whether it is shown or not. */
  readonly ends: MemoryEnds;
  readonly #cable: MemoryCable;
  readonly #delivery = new Delivery({
    pause: () => {},
    resume: () => {
      if (this.#incoming.length > 0) this.#wakeIn(0);
    },
  });
  #peer!: MemoryLink;
  /** What comes here, in order. */
  #incoming: Piece[] = [];
  #wokenAtMs = -1;
  /** Written here, and not taken there. */
  #unsent = 0;
  #isFull = false;
  #isEnding = false;
  #isClosed = false;
  /** When the receiver is told that there is room. */
  #drainMs = Infinity;
  /** When it is told that all is over. */
  #closeMs = Infinity;
  #error: Error | undefined;
  #stopWaiting: (() => void) | undefined;

  private constructor(cable: MemoryCable, ends: MemoryEnds) {
    this.#cable = cable;
    this.ends = ends;
    this.remoteHost = ends.showsHost ? ends.remoteHost : undefined;
  }

  /** Two ends of one cable; `ends` are those of the first. */
  static pair(cable: MemoryCable, ends: MemoryEnds): [MemoryLink, MemoryLink] {
    const here = new MemoryLink(cable, ends);
    const there = new MemoryLink(cable, { ...ends, host: ends.remoteHost, remoteHost: ends.host });
    [here.#peer, there.#peer] = [there, here];
    return [here, there];
  }

  open(receiver: LinkReceiver): void {
    this.#delivery.open(receiver);
  }

  write(bytes: Bytes): boolean {
    if (this.#isEnding) return false;
    if (bytes.byteLength === 0) return !this.#isFull;
    this.#unsent += bytes.byteLength;
    this.#isFull ||= this.#unsent >= meshLimits.linkWaitingBytes;
    this.#send(bytes);
    return !this.#isFull;
  }

  pause(): void {
    this.#delivery.pause();
  }

  resume(): void {
    this.#delivery.resume();
  }

  end(): void {
    if (this.#isEnding) return;
    this.#mute();
    this.#send(undefined);
    this.#stopWaiting = this.#cable.after(meshLimits.linkEndMs, () => this.destroy());
    this.#wakeIn(0);
  }

  destroy(): void {
    if (!this.#isEnding) this.#send(undefined);
    this.#mute();
    this.#closeIn(0);
  }

  /** Ends both ends now; what is on its way is lost. */
  cut(error: Error): void {
    for (const end of [this, this.#peer]) {
      end.#incoming = [];
      end.#mute();
      end.#error ??= error;
      end.#closeIn(0);
    }
  }

  /** Does what is due. */
  wake(nowMs: number): void {
    if (this.#wokenAtMs <= nowMs) this.#wokenAtMs = -1;
    if (this.#isClosed) return;
    if (this.#closeMs <= nowMs) return this.#close();
    this.#take(nowMs);
    if (this.#drainMs > nowMs || this.#isClosed) return;
    this.#drainMs = Infinity;
    if (this.#unsent > ROOM_BYTES) return; // more was written meanwhile
    this.#isFull = false;
    this.#delivery.drain();
  }

  #take(nowMs: number): void {
    let count = 0;
    const incoming = this.#incoming;
    while (count < incoming.length && incoming[count].dueMs <= nowMs && this.#mayTake()) {
      const { bytes } = incoming[count++];
      if (!bytes) {
        this.#close();
        break;
      }
      this.#peer.#unsent -= bytes.byteLength;
      this.#delivery.bytes(bytes);
    }
    // What the receiver caused may have emptied it by now.
    if (count > 0 && this.#incoming === incoming) incoming.splice(0, count);
    this.#peer.#offerRoom();
  }

  /** Nobody takes anything before it is opened; an end that is ending drops what comes. */
  #mayTake(): boolean {
    if (this.#isClosed || this.#closeMs < Infinity) return false;
    return this.#delivery.isFlowing && !this.#cable.isCut(this);
  }

  /** Much of what waited is gone: the news of it takes its time. */
  #offerRoom(): void {
    if (!this.#isFull || this.#isClosed || this.#drainMs < Infinity) return;
    if (this.#unsent > ROOM_BYTES) return;
    this.#drainMs = this.#wakeIn(this.ends.latencyMs);
  }

  #send(bytes: Bytes | undefined): void {
    const peer = this.#peer;
    if (peer.#isClosed) return;
    peer.#incoming.push({ dueMs: peer.#wakeIn(this.ends.latencyMs), bytes });
  }

  #closeIn(ms: number): void {
    if (this.#isClosed || this.#closeMs < Infinity) return;
    this.#closeMs = this.#wakeIn(ms);
  }

  /** Often asked for, and at most one wake is on its way to one moment. */
  #wakeIn(ms: number): number {
    const dueMs = this.#cable.nowMs() + ms;
    if (this.#wokenAtMs === dueMs) return dueMs;
    this.#wokenAtMs = dueMs;
    return this.#cable.wakeIn(ms, this);
  }

  #mute(): void {
    this.#isEnding = true;
    this.#delivery.mute();
  }

  #close(): void {
    if (!this.#isEnding) this.#send(undefined); // the other end is told that this one has heard it
    this.#mute();
    this.#isClosed = true;
    this.#incoming = [];
    this.#stopWaiting?.();
    this.#cable.gone(this);
    this.#delivery.close(this.#error);
  }
}
