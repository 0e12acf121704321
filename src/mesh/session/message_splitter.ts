/** Finds the messages in bytes that come in pieces: each stands behind its length of two bytes. */

import { BufferPool } from "../../bytes/buffer_pool.ts";
import { meshLimits } from "../limits.ts";
import { LENGTH_BYTES } from "./seal.ts";

/** Messages that come in pieces are put together in these; a session holds one only until its message is whole. */
const pool = new BufferPool(LENGTH_BYTES + meshLimits.noiseMessageBytes, 8);

/** Gives messages as soon as they are whole. */
export class MessageSplitter {
  /** A message that has begun, behind its length. */
  #begun: Uint8Array<ArrayBuffer> | undefined;
  #have = 0;

  /**
   * Takes bytes.
   *
   * @param take gets messages without their lengths: views that hold until it returns
   */
  push(bytes: Uint8Array<ArrayBuffer>, take: (message: Uint8Array<ArrayBuffer>) => void): void {
    let at = 0;
    while (at < bytes.byteLength) {
      const end = this.#begun ? undefined : endOfMessage(bytes, at);
      if (end === undefined) {
        at = this.#gather(bytes, at, take);
      } else {
        take(bytes.subarray(at + LENGTH_BYTES, end));
        at = end;
      }
    }
  }

  /** Takes what belongs to the message that has begun. @returns where that ends */
  #gather(bytes: Uint8Array, at: number, take: (message: Uint8Array<ArrayBuffer>) => void): number {
    const begun = this.#begun ??= pool.take();
    while (this.#have < LENGTH_BYTES && at < bytes.byteLength) begun[this.#have++] = bytes[at++];
    if (this.#have < LENGTH_BYTES) return at;
    const whole = LENGTH_BYTES + lengthAt(begun, 0);
    const end = Math.min(at + whole - this.#have, bytes.byteLength);
    begun.set(bytes.subarray(at, end), this.#have);
    this.#have += end - at;
    if (this.#have < whole) return end;
    this.#begun = undefined;
    this.#have = 0;
    take(begun.subarray(LENGTH_BYTES, whole));
    pool.give(begun);
    return end;
  }
}

/** Where a message ends that is whole; undefined when it is not. */
function endOfMessage(bytes: Uint8Array, at: number): number | undefined {
  if (bytes.byteLength - at < LENGTH_BYTES) return undefined;
  const end = at + LENGTH_BYTES + lengthAt(bytes, at);
  return end <= bytes.byteLength ? end : undefined;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return bytes[at] << 8 | bytes[at + 1];
}
