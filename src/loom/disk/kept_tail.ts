/** The end of a stream as Deno.Kv has it: bytes that fill no block yet, behind their checksum. */

import { crc32 } from "node:zlib";

const CRC_BYTES = 4;

/** Writes the value of a key below `TAILS`. */
export function encodeTail(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const value = new Uint8Array(CRC_BYTES + bytes.byteLength);
  value.set(bytes, CRC_BYTES);
  new DataView(value.buffer).setUint32(0, crc32(bytes), true);
  return value;
}

/** Reads one; undefined when it is not what was written. */
export function decodeTail(value: Uint8Array): Uint8Array | undefined {
  if (value.byteLength < CRC_BYTES) return undefined;
  const bytes = value.subarray(CRC_BYTES);
  const crc = new DataView(value.buffer, value.byteOffset).getUint32(0, true);
  return crc === crc32(bytes) ? bytes : undefined;
}
