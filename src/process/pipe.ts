/** Pipes by file descriptor: read and written at once where possible, by the event loop where one has to wait. */

import { Buffer } from "node:buffer";
import { Socket } from "node:net";
import type { Chunk, Sink, Source } from "../bytes/source.ts";
import type { Libc } from "./libc.ts";

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_SETFL = 4;
const F_SETPIPE_SZ = 1031;

/** One read takes what a pipe holds by default. */
const CHUNK_BYTES = 64 * 1024;
/** Bytes read ahead while the reader is busy. */
const AHEAD_BYTES = 256 * 1024;
/** After this much, a pipe is made larger, to switch less between the processes at its ends. */
const LARGE_AFTER_BYTES = 512 * 1024;
const LARGE_PIPE_BYTES = 1024 * 1024;

const scratch = new Uint8Array(CHUNK_BYTES);

/** Makes a pipe: the read end, the write end; both are closed in children unless they are handed over. */
export function makePipe(libc: Libc): [read: number, write: number] {
  const fds = new Int32Array(2);
  if (libc.pipe2(fds, O_CLOEXEC) !== 0) {
    throw new Deno.errors.Busy("Cannot make a pipe: too many open files; raise the limit (ulimit -n)");
  }
  return [fds[0], fds[1]];
}

/**
 * The read end of a pipe. It asks the descriptor directly, and hands it to the event loop only once `attach` is called:
 * most programs have ended before that pays.
 */
export class PipeSource implements Source {
  readonly #libc: Libc;
  readonly #fd: number;
  #socket: Socket | undefined;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #queued = 0;
  #total = 0;
  #state: "open" | "ended" | "failed" = "open";
  #closed = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    libc.fcntl(fd, F_SETFL, O_NONBLOCK);
  }

  read(): Chunk | Promise<Chunk> {
    const chunk = this.poll();
    if (chunk || this.#state === "ended") return chunk;
    return this.#wait();
  }

  async #wait(): Promise<Chunk> {
    for (;;) {
      if (this.#state === "failed") throw this.#error;
      await new Promise<void>((resolve) => this.#wake = resolve);
      const chunk = this.poll();
      if (chunk || this.#state === "ended") return chunk;
    }
  }

  /** True when it has ended and nothing is left to read. */
  get ended(): boolean {
    return this.#state !== "open" && this.#chunks.length === 0;
  }

  /** What is there without waiting; undefined when nothing is. */
  poll(): Chunk {
    if (!this.#socket && this.#state === "open") return this.#readNow();
    const chunk = this.#chunks.shift();
    if (chunk) {
      this.#queued -= chunk.byteLength;
      if (this.#queued < AHEAD_BYTES) this.#socket?.resume();
    }
    return chunk;
  }

  /** Lets a waiting reader look again: the other end may have been written to or closed. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Hands the descriptor to the event loop, which wakes readers from then on. */
  attach(): void {
    if (this.#socket || this.#state !== "open") return;
    const socket = this.#socket = new Socket({ fd: this.#fd, readable: true, writable: false });
    socket.on("data", (data: Buffer) => this.#take(data));
    socket.on("end", () => this.#finish("ended"));
    socket.on("error", (error: unknown) => {
      this.#error = error;
      this.#finish("failed");
    });
    socket.on("close", () => this.#finish("ended"));
  }

  cancel(): void {
    this.#chunks = [];
    this.#queued = 0;
    this.#finish("ended");
  }

  #readNow(): Chunk {
    const count = Number(this.#libc.read(this.#fd, scratch, BigInt(CHUNK_BYTES)));
    if (count > 0) return scratch.slice(0, count);
    if (count === 0) this.#finish("ended");
    return undefined; // below 0 it is EAGAIN: a pipe's read end knows no other failure that passes
  }

  #take(data: Buffer): void {
    this.#total += data.byteLength;
    if (this.#total > LARGE_AFTER_BYTES && this.#total - data.byteLength <= LARGE_AFTER_BYTES) {
      this.#libc.fcntl(this.#fd, F_SETPIPE_SZ, LARGE_PIPE_BYTES);
    }
    this.#chunks.push(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength));
    this.#queued += data.byteLength;
    if (this.#queued >= AHEAD_BYTES) this.#socket!.pause();
    this.wake();
  }

  #finish(state: "ended" | "failed"): void {
    if (this.#state === "open") this.#state = state;
    if (!this.#closed) {
      this.#closed = true;
      if (this.#socket) this.#socket.destroy();
      else this.#libc.close(this.#fd);
    }
    this.wake();
  }
}

/** The write end of a pipe. A reader that went away is an outcome, not an error: programs need not read their input. */
export class PipeSink implements Sink {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #socket: Socket;
  #total = 0;
  #gone = false;

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#socket.on("error", () => this.#gone = true);
    this.#socket.on("close", () => this.#gone = true);
  }

  write(chunk: Uint8Array): Promise<boolean> {
    if (this.#gone) return Promise.resolve(false);
    this.#total += chunk.byteLength;
    if (this.#total > LARGE_AFTER_BYTES && this.#total - chunk.byteLength <= LARGE_AFTER_BYTES) {
      this.#libc.fcntl(this.#fd, F_SETPIPE_SZ, LARGE_PIPE_BYTES);
    }
    const room = this.#socket.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    return room ? Promise.resolve(!this.#gone) : this.#drained();
  }

  close(): void {
    if (!this.#gone) this.#socket.end(() => this.#socket.destroy());
  }

  abort(): void {
    this.#gone = true;
    this.#socket.destroy();
  }

  #drained(): Promise<boolean> {
    const socket = this.#socket;
    return new Promise((resolve) => {
      const done = () => {
        socket.off("drain", done);
        socket.off("close", done);
        resolve(!this.#gone);
      };
      socket.on("drain", done);
      socket.on("close", done);
    });
  }
}

/**
 * Writes what a pipe takes at once.
 *
 * @returns how many bytes it took
 */
export function writeNow(libc: Libc, fd: number, bytes: Uint8Array): number {
  libc.fcntl(fd, F_SETFL, O_NONBLOCK);
  const count = Number(libc.write(fd, bytes as Uint8Array<ArrayBuffer>, BigInt(bytes.byteLength)));
  return Math.max(count, 0);
}
