/** Finds frames in the bytes of a connection: each stands behind its length of four bytes. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import { concat } from "../../bytes/source.ts";
import { TAG_BYTES } from "./cipher.ts";
import { flatendLimits } from "./limits.ts";

/** Bytes of a length. */
export const LENGTH_BYTES = 4;
/** A frame has at least its tag, a number and an opcode, or a reply's first byte. */
const FRAME_BYTES_MIN = TAG_BYTES + 4 + 1;
/** Pieces of one frame that are kept apart: each takes more memory than a byte, and there may be one a byte. */
const PIECES = 64;

/** Takes bytes as they come, wherever they are cut. */
export class FrameReader {
  /** What has come and is no whole frame yet. */
  #begun: Uint8Array<ArrayBuffer>[] = [];
  #begunBytes = 0;
  /** How much has to come until there is something to read. */
  #needed = LENGTH_BYTES;

  /**
   * The frames that end in these bytes.
   *
   * @throws {MalformedError} when one is too long or too short
   */
  *read(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
    this.#begun.push(bytes);
    this.#begunBytes += bytes.byteLength;
    if (this.#begun.length > PIECES) this.#begun = [concat(this.#begun)];
    if (this.#begunBytes < this.#needed) return;
    let rest = concat(this.#begun);
    for (;;) {
      this.#needed = LENGTH_BYTES + (rest.byteLength < LENGTH_BYTES ? 0 : lengthOf(rest));
      if (rest.byteLength < this.#needed || this.#needed === LENGTH_BYTES) break;
      yield rest.subarray(LENGTH_BYTES, this.#needed);
      rest = rest.subarray(this.#needed);
    }
    this.#begun = rest.byteLength > 0 ? [rest] : [];
    this.#begunBytes = rest.byteLength;
  }
}

function lengthOf(bytes: Uint8Array): number {
  const length = (bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]) >>> 0;
  if (length > flatendLimits.frameBytes || length < FRAME_BYTES_MIN) {
    throw new MalformedError(`A frame has ${length} bytes, not ${FRAME_BYTES_MIN} to ${flatendLimits.frameBytes}`);
  }
  return length;
}
