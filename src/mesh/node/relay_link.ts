/** A link that another node passes on: what runs over it is sealed between its two ends, and tells the one between nothing. */

import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import type { Link, LinkReceiver } from "../transport/link.ts";

/** A link over a stream of a session. */
export class RelayLink implements Link {
  readonly remoteHost: undefined = undefined;
  readonly #stream: MeshStream;
  #receiver: LinkReceiver | undefined;
  #isPaused = false;
  #isReading = false;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(stream: MeshStream) {
    this.#stream = stream;
  }

  open(receiver: LinkReceiver): void {
    this.#receiver = receiver;
    this.#stream.listener = { onHead: () => {}, onBroken: (error) => this.#close(error) };
    if (this.#stream.error) queueMicrotask(() => this.#close(this.#stream.error));
    else this.#read();
  }

  write(bytes: Uint8Array<ArrayBuffer>): boolean {
    const room = this.#stream.sender.put(bytes);
    if (!(room instanceof Promise)) return true; // when it has ended, that is told by `onClose`
    room.then((isWanted) => {
      if (isWanted && !this.#isClosed) this.#receiver?.onDrain();
    });
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake?.();
  }

  end(): void {
    this.#isClosed = true;
    this.#stream.sender.close();
    this.#stream.cancel();
  }

  destroy(): void {
    this.#isClosed = true;
    this.#stream.reset(ResetCode.cancelled);
  }

  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    await undefined; // nothing is called within `open`
    try {
      while (!this.#isClosed) {
        while (this.#isPaused) await new Promise<void>((resolve) => this.#wake = resolve);
        const chunk = await this.#stream.read();
        if (this.#isClosed) return;
        if (!chunk) break;
        this.#receiver?.onBytes(chunk);
      }
      this.#close();
      this.#stream.sender.close();
    } catch (error) {
      this.#close(error as Error);
    }
  }

  #close(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#receiver?.onClose(error);
  }
}
