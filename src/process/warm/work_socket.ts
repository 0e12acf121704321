/** The socket by which runs reach a warm parent's children: a packet each, with the run's standard streams. */

import type { Libc } from "../libc.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** struct msghdr on 64-bit Linux: name, its length, iov, their count, control, its length, flags. */
const MSGHDR_WORDS = 7;
/** struct cmsghdr (length, level, type) and three descriptors, padded to 8. */
const CONTROL_BYTES = 32;
const CONTROL_LENGTH = 16 + 3 * Int32Array.BYTES_PER_ELEMENT;

/** The most that a packet holds: larger requests are not worth a larger buffer in every child. */
export const PACKET_BYTES_MAX = 64 * 1024;

const RETIRE = "-";

const encoder = new TextEncoder();
const address = (bytes: BufferSource) => Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));

/** Our end of the socket. One message is laid out once, and filled in for each packet. */
export class WorkSocket {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #payload = new Uint8Array(PACKET_BYTES_MAX);
  readonly #control = new ArrayBuffer(CONTROL_BYTES);
  readonly #descriptors = new Int32Array(this.#control, 16, 3);
  readonly #vector = new BigUint64Array([address(this.#payload), 0n]);
  readonly #message = new BigUint64Array(MSGHDR_WORDS);
  #open = true;

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    new BigUint64Array(this.#control)[0] = BigInt(CONTROL_LENGTH);
    new Int32Array(this.#control).set([SOL_SOCKET, SCM_RIGHTS], 2);
    this.#message[2] = address(this.#vector);
    this.#message[3] = 1n;
    this.#message[4] = address(new Uint8Array(this.#control));
  }

  /**
   * Sends a run.
   *
   * @returns `full` when it has to be tried again once a child has taken another; `large` when it never fits
   */
  send(packet: string, descriptors: readonly number[]): "sent" | "full" | "large" {
    this.#descriptors.set(descriptors);
    return this.#send(packet, CONTROL_BYTES);
  }

  /** Tells one waiting child to end. */
  retireOne(): void {
    this.#send(RETIRE, 0);
  }

  /** Ends the waiting children. */
  close(): void {
    if (this.#open) this.#libc.close(this.#fd);
    this.#open = false;
  }

  #send(packet: string, controlBytes: number): "sent" | "full" | "large" {
    const { read, written } = encoder.encodeInto(packet, this.#payload);
    if (read < packet.length) return "large";
    this.#vector[1] = BigInt(written);
    this.#message[5] = BigInt(controlBytes);
    const sent = this.#libc.sendmsg(this.#fd, this.#message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return Number(sent) < 0 ? "full" : "sent";
  }
}

/** Makes a pair of sockets: ours, and the descriptor of theirs. */
export function makeSocketPair(libc: Libc): [ours: number, theirs: number] {
  const fds = new Int32Array(2);
  if (libc.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) !== 0) {
    throw new Deno.errors.Busy("Cannot make a socket: too many open files; raise the limit (ulimit -n)");
  }
  return [fds[0], fds[1]];
}
