/**
 * A link over a WebSocket, for where only HTTP comes through. The bytes of a link are cut into messages anywhere, and put
 * together again; nothing is compressed, because nothing that is sealed can be.
 */

// @ts-types="../../net/ws.d.ts"
import type { WebSocket } from "ws";
import type { Buffer } from "node:buffer";
import { systemClock } from "../clock.ts";
import { meshLimits } from "../limits.ts";
import { Delivery } from "./delivery.ts";
import type { Link, LinkReceiver } from "./link.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How both ends make their WebSockets. */
export const WEBSOCKET_OPTIONS = { maxPayload: meshLimits.linkMessageBytes, perMessageDeflate: false } as const;

/** Ends that are none of a failure (RFC 6455 §7.4.1): done, going away, not said, and cut off, as TCP has it too. */
const PLAIN_CODES: readonly number[] = [1000, 1001, 1005, 1006];

/** One end of a WebSocket. */
export class WebSocketLink implements Link {
  readonly remoteHost: string | undefined;
  readonly #socket: WebSocket;
  readonly #delivery: Delivery;
  #isFull = false;
  #error: Error | undefined;
  #stopWaiting = () => {};
  readonly #onSent = () => {
    if (!this.#isFull || this.#socket.bufferedAmount > 0) return;
    this.#isFull = false;
    this.#delivery.drain();
  };

  /**
   * Makes one.
   *
   * @param socket open; nothing else takes its messages
   * @param remoteHost address of who is connected, which may be a proxy
   */
  constructor(socket: WebSocket, remoteHost: string | undefined) {
    this.#socket = socket;
    this.#delivery = new Delivery(socket);
    this.remoteHost = remoteHost;
    socket.pause();
    socket.on("message", (data: Buffer, isBinary: boolean) => this.#take(data, isBinary));
    socket.on("error", (error: Error) => this.#fail(error));
    socket.on("close", (code: number, reason: Buffer) => {
      this.#stopWaiting();
      const isPlain = this.#delivery.isMuted || PLAIN_CODES.includes(code);
      const error = isPlain ? undefined : new Error(`The WebSocket was ended with code ${code} ${reason}`.trimEnd());
      this.#delivery.close(this.#error ?? error);
    });
  }

  open(receiver: LinkReceiver): void {
    this.#delivery.open(receiver);
  }

  write(bytes: Bytes): boolean {
    if (this.#delivery.isMuted || this.#socket.readyState !== this.#socket.OPEN) return false;
    for (let at = 0; at < bytes.byteLength; at += meshLimits.linkMessageBytes) {
      this.#socket.send(bytes.subarray(at, at + meshLimits.linkMessageBytes), this.#onSent);
    }
    this.#isFull ||= this.#socket.bufferedAmount >= meshLimits.linkWaitingBytes;
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
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    this.#socket.close(1000);
    this.#socket.resume(); // a paused one would not hear that the other side ends it too
    this.#stopWaiting = systemClock.after(meshLimits.linkEndMs, () => this.#socket.terminate());
  }

  destroy(): void {
    this.#delivery.mute();
    this.#socket.terminate();
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      return this.#delivery.bytes(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength));
    }
    this.#fail(new Error("The WebSocket brings text, where bytes are expected"));
  }

  /** Without waiting for a good-bye of whoever breaks the protocol. */
  #fail(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }
}
