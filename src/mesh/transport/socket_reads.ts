/**
 * How bytes are read from sockets: all into one buffer, out of which each link gets its own. A stream of `node:net` makes a
 * buffer of 64 KiB for every read and copies it, which takes Deno some 200 µs; this takes 50.
 */

import { Socket, type SocketConstructorOpts } from "node:net";
import { meshLimits } from "../limits.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a socket is around. Node.js and Deno both have it, and neither documents it. */
type WithHandle = Socket & { _handle?: object | null };

/** One is enough for all sockets: it is read into and emptied within one call. */
const landing = new Uint8Array(meshLimits.linkReadBytes);

/** A socket, and who takes what comes on it. */
export class SocketReads {
  /** Begins to read with `resume`, and goes on with it. */
  readonly socket: Socket;
  /** Takes bytes, which are its own. @returns false when it takes no more until `resume` is called */
  take: (bytes: Bytes) => boolean = () => false;

  /**
   * Takes over a connected socket, which is over then.
   *
   * @param connection it was paused from the beginning: what comes while its reader changes would be lost
   */
  constructor(connection: Socket) {
    const handle = (connection as WithHandle)._handle;
    this.socket = handle ? this.#around(handle) : connection;
    if (handle) {
      // The connection goes on with the other socket.
      (connection as WithHandle)._handle = null;
      connection.destroy();
    } else {
      // It has closed by now, or the runtime is built otherwise.
      connection.on("data", ({ buffer, byteOffset, byteLength }: Uint8Array) => {
        if (!this.take(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength))) connection.pause();
      });
      connection.pause();
    }
  }

  #around(handle: object): Socket {
    const options = {
      handle,
      readable: true,
      writable: true,
      pauseOnCreate: true,
      onread: { buffer: landing, callback: (count: number) => this.take(landing.slice(0, count)) },
    };
    return new Socket(options as SocketConstructorOpts);
  }
}
