/**
 * Blocks: how a stream's bytes lie in its files. Each is one record of fixed size with its length, its checksum, when its
 * first byte came and whose it is, so that the place of every position is known without an index.
 *
 *     0  u32  bytes of payload
 *     4  u32  CRC-32 of all that follows
 *     8  f64  when the first byte came, at the latest, milliseconds since 1970
 *    16  f64  number of the stream
 *    24  f64  position of the first byte
 *    32       payload
 */

import { crc32 } from "node:zlib";

/** A block as it lies in a file. */
export const BLOCK_BYTES = 32 * 1024;
/** Bytes before the payload. */
export const HEAD_BYTES = 32;
/** What a block holds of its stream. */
export const PAYLOAD_BYTES = BLOCK_BYTES - HEAD_BYTES;

/** What a block says of itself. */
export interface BlockHead {
  readonly timeMs: number;
  readonly number: number;
  readonly from: number;
}

/** Makes a block of BLOCK_BYTES whole whose payload is in its place. */
export function sealBlock(target: Uint8Array<ArrayBuffer>, head: BlockHead): void {
  const view = new DataView(target.buffer, target.byteOffset);
  view.setUint32(0, PAYLOAD_BYTES, true);
  view.setFloat64(8, head.timeMs, true);
  view.setFloat64(16, head.number, true);
  view.setFloat64(24, head.from, true);
  view.setUint32(4, crc32(target.subarray(8)), true);
}

/** Reads what stands before the payload. */
export function decodeBlockHead(bytes: Uint8Array<ArrayBuffer>): BlockHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { timeMs: view.getFloat64(8, true), number: view.getFloat64(16, true), from: view.getFloat64(24, true) };
}

/** The payload of a block; undefined when it is not what was written there. */
export function decodeBlock(
  block: Uint8Array<ArrayBuffer>,
  number: number,
  from: number,
): Uint8Array<ArrayBuffer> | undefined {
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (block.byteLength !== BLOCK_BYTES || view.getUint32(0, true) !== PAYLOAD_BYTES) return undefined;
  if (view.getUint32(4, true) !== crc32(block.subarray(8))) return undefined;
  const head = decodeBlockHead(block);
  return head.number === number && head.from === from ? block.subarray(HEAD_BYTES) : undefined;
}
