/** A link that another node passes on: what runs over it is sealed between its two ends, and tells the one between nothing. */

import type { Chunk } from "../../bytes/source.ts";
import type { Clock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import { Delivery } from "../transport/delivery.ts";
import type { Link, LinkReceiver } from "../transport/link.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A link over a stream of a session. */
export class RelayLink implements Link {
  readonly remoteHost: undefined = undefined;
  readonly #stream: MeshStream;
  readonly #clock: Clock;
  readonly #delivery = new Delivery({ pause: () => {}, resume: () => void this.#flow() });
  #onOver: () => void;
  #isFull = false;
  #isReading = false;
  #isEnding = false;
  #wake = () => {};
  #stopWaiting = () => {};

  /**
   * Makes one of a stream, which may not be used otherwise from then on.
   *
   * @param onOver told once, when it is over
   */
  constructor(stream: MeshStream, clock: Clock, onOver: () => void = () => {}) {
    this.#stream = stream;
    this.#onOver = onOver;
    this.#clock = clock;
    stream.listener = { onHead: () => {}, onBroken: (error) => this.#close(error) };
    if (stream.error) this.#close(stream.error);
  }

  open(receiver: LinkReceiver): void {
    this.#delivery.open(receiver);
  }

  write(bytes: Bytes): boolean {
    if (this.#isEnding) return false;
    const room = this.#stream.sender.put(bytes);
    if (room instanceof Promise && !this.#isFull) {
      this.#isFull = true;
      void room.then((isWanted) => {
        this.#isFull = false;
        if (isWanted) this.#delivery.drain();
      });
    }
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
    this.#stream.sender.close();
    this.#stopWaiting = this.#clock.after(meshLimits.linkEndMs, () => this.destroy());
    this.#flow(); // it hears that the other side ends it, too
  }

  destroy(): void {
    this.#mute();
    this.#stream.reset(ResetCode.cancelled);
    queueMicrotask(() => this.#close());
  }

  #flow(): void {
    this.#wake();
    void this.#read();
  }

  /** Reads to the end, at the pace of the receiver. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      for (let chunk = await this.#next(); chunk; chunk = await this.#next()) this.#delivery.bytes(chunk);
      this.#stream.sender.close();
      this.#close();
    } catch (error) {
      this.#close(error as Error);
    }
  }

  async #next(): Promise<Chunk> {
    while (!this.#delivery.isFlowing) await new Promise<void>((resolve) => this.#wake = resolve);
    const chunk = await this.#stream.read();
    while (!this.#delivery.isFlowing) await new Promise<void>((resolve) => this.#wake = resolve);
    return chunk;
  }

  #mute(): void {
    this.#isEnding = true;
    this.#delivery.mute();
    this.#wake();
  }

  #close(error?: Error): void {
    this.#isEnding = true;
    this.#stopWaiting();
    const onOver = this.#onOver;
    this.#onOver = () => {};
    onOver();
    this.#delivery.close(error);
  }
}
