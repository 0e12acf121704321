/**
 * A stream as the socket of a connection that was taken over: what takes one over from an HTTP server can have this one
 * instead. Bytes go both ways at the pace of their readers, and each way ends for itself.
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { Clock } from "../clock.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import type { ResetCode } from "../session/reset_code.ts";

/** What a socket is made of. */
export interface StreamSocketParts {
  readonly stream: MeshStream;
  readonly clock: Clock;
  /** Why the stream ends when the socket is destroyed. */
  readonly code: ResetCode;
  /** Address of whoever is at the other end; undefined where it has none. */
  readonly remoteAddress?: string;
}

/** Makes a socket of a stream, whose listener it becomes. */
export function streamSocket(parts: StreamSocketParts): Socket {
  return new StreamSocket(parts) as unknown as Socket;
}

/** What sockets have besides streams is there as far as it means anything here. */
class StreamSocket extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly remoteFamily: string | undefined;
  readonly connecting = false;
  readonly pending = false;
  bytesRead = 0;
  bytesWritten = 0;
  /** After how many milliseconds without a byte it tells; 0 for never. */
  timeout = 0;
  readonly #stream: MeshStream;
  readonly #clock: Clock;
  readonly #code: ResetCode;
  #isReading = false;
  #isWanted = false;
  #movedMs = 0;
  #stopClock: (() => void) | undefined;

  constructor({ stream, clock, code, remoteAddress }: StreamSocketParts) {
    super({ allowHalfOpen: true, emitClose: false });
    this.#stream = stream;
    this.#clock = clock;
    this.#code = code;
    this.remoteAddress = remoteAddress;
    this.remoteFamily = remoteAddress && (remoteAddress.includes(":") ? "IPv6" : "IPv4");
    stream.listener = {
      onBroken: (error) => {
        // What has come before is still given to whoever reads; a reader who stands still would never hear of it.
        if (!this.#isReading) this.#break(error);
      },
    };
    if (stream.error) this.#break(stream.error);
  }

  override _read(): void {
    this.#isWanted = true;
    if (!this.#isReading) this.#pump();
  }

  override _write(chunk: Uint8Array, _encoding: string, callback: (error?: Error | null) => void): void {
    this.bytesWritten += chunk.byteLength;
    this.#moved();
    // A copy: the writer may use its bytes again when it is called back, and they may still wait then.
    const room = this.#stream.sender.put(new Uint8Array(chunk));
    // Nobody wants it? Then the other side has ended, and says so, or is gone, which comes as an error.
    if (room instanceof Promise) room.then(() => callback());
    else callback();
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#stream.sender.close();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stopClock?.();
    if (error || !this.writableFinished) this.#stream.reset(this.#code);
    else this.#stream.cancel();
    callback(error);
    process.nextTick(() => this.emit("close", error !== null)); // as a socket does: with whether it failed
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  resetAndDestroy(): this {
    this.#stream.reset(this.#code);
    return this.destroy();
  }

  setTimeout(ms: number, onTimeout?: () => void): this {
    this.timeout = ms;
    this.#stopClock?.();
    this.#stopClock = undefined;
    if (ms > 0 && !this.destroyed) {
      if (onTimeout) this.once("timeout", onTimeout);
      this.#moved();
    } else if (onTimeout) {
      this.off("timeout", onTimeout);
    }
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  address(): Record<string, never> {
    return {};
  }

  async #pump(): Promise<void> {
    this.#isReading = true;
    try {
      for (;;) {
        const step = this.#stream.read();
        const chunk = step instanceof Promise ? await step : step;
        if (this.destroyed) return;
        if (!chunk) {
          this.push(null);
          break;
        }
        this.bytesRead += chunk.byteLength;
        this.#moved();
        this.#isWanted = false;
        const hasRoom = this.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        if (!hasRoom && !this.#isWanted) break;
      }
    } catch (error) {
      return this.#break(error as Error);
    }
    this.#isReading = false;
    if (this.#stream.error) this.#break(this.#stream.error);
  }

  /** Its words are for us: takers know what to make of a connection that was reset. */
  #break(cause: Error): void {
    this.destroy(Object.assign(new Error("The other side broke off", { cause }), { code: "ECONNRESET" }));
  }

  #moved(): void {
    if (this.timeout === 0) return;
    this.#movedMs = this.#clock.nowMs();
    if (!this.#stopClock) this.#watch(this.timeout);
  }

  #watch(ms: number): void {
    this.#stopClock = this.#clock.after(ms, () => {
      this.#stopClock = undefined;
      const leftMs = this.#movedMs + this.timeout - this.#clock.nowMs();
      if (leftMs > 0) this.#watch(leftMs);
      else this.emit("timeout");
    });
  }
}
