/** A link over TCP. Each `write` is handed to the system at once: small ones are joined by whoever writes. */

import type { Socket } from "node:net";
import { isLarge, letGo } from "../../bytes/let_go.ts";
import { systemClock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { Delivery } from "./delivery.ts";
import type { Link, LinkReceiver } from "./link.ts";
import { remoteHostOf } from "./remote_host.ts";
import type { SocketReads } from "./socket_reads.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** One end of a connection. */
export class TcpLink implements Link {
  readonly remoteHost: string | undefined;
  readonly #socket: Socket;
  readonly #delivery: Delivery;
  /** So much waits that whoever writes should. */
  #isFull = false;
  #error: Error | undefined;
  #stopWaiting = () => {};

  /**
   * Makes one of a connection, which may not be used otherwise from then on.
   *
   * @param head what was read of it before
   */
  constructor(reads: SocketReads, head?: Bytes) {
    const socket = this.#socket = reads.socket;
    this.#delivery = new Delivery(socket);
    this.remoteHost = remoteHostOf(socket);
    reads.take = (bytes) => {
      this.#delivery.bytes(bytes);
      // Right behind a `resume`, a `pause` alone would be undone by it.
      return this.#delivery.isFlowing;
    };
    if (head) this.#delivery.bytes(head);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, meshLimits.linkKeepAliveMs);
    socket.on("drain", () => {
      this.#isFull = false;
      this.#delivery.drain();
    });
    socket.on("end", () => this.destroy()); // nobody is there who would take what is still to be sent
    socket.on("error", (error: Error) => this.#error ??= error);
    socket.on("close", () => {
      this.#stopWaiting();
      this.#delivery.close(this.#error);
    });
  }

  open(receiver: LinkReceiver): void {
    this.#delivery.open(receiver);
  }

  write(bytes: Bytes): boolean {
    if (this.#delivery.isMuted) return false;
    if (isLarge(bytes)) this.#socket.write(bytes, () => letGo(bytes.buffer));
    else this.#socket.write(bytes);
    this.#isFull ||= this.#socket.writableLength >= meshLimits.linkWaitingBytes;
    return !this.#isFull;
  }

  pause(): void {
    this.#delivery.pause();
  }

  resume(): void {
    this.#delivery.resume();
  }

  end(): void {
    if (this.#delivery.isMuted) return;
    this.#delivery.mute();
    this.#socket.end();
    this.#socket.resume(); // a paused one would not hear that the other side ends it too
    if (!this.#socket.destroyed) {
      this.#stopWaiting = systemClock.after(meshLimits.linkEndMs, () => this.#socket.destroy());
    }
  }

  destroy(): void {
    this.#delivery.mute();
    this.#socket.destroy();
  }
}
