/** The first bytes of a journal file: which use of the file its records belong to. */

import { crc32 } from "node:zlib";

/**
 *      0       magic
 *     16  f64  number of the use
 *     24  u32  random
 *     28  u32  CRC-32 of all that stands before
 */
export const JOURNAL_HEAD_BYTES = 32;

const MAGIC = new TextEncoder().encode("sluice journal 1");
const CRC_AT = 28;

/** A head. */
export interface JournalHead {
  readonly use: number;
  /** Checksums of records begin with it. Nobody outside can know it, so that no bytes of a stream pass for a record. */
  readonly key: number;
}

/** Makes the head of a new use. */
export function makeJournalHead(use: number): JournalHead & { readonly bytes: Uint8Array<ArrayBuffer> } {
  const bytes = new Uint8Array(JOURNAL_HEAD_BYTES);
  bytes.set(MAGIC);
  crypto.getRandomValues(bytes.subarray(24, CRC_AT));
  const view = new DataView(bytes.buffer);
  view.setFloat64(16, use, true);
  const key = crc32(bytes.subarray(0, CRC_AT));
  view.setUint32(CRC_AT, key, true);
  return { use, key, bytes };
}

/** Reads a head; `unused` when nothing was ever written to the file, `damaged` when it is not what was written. */
export function readJournalHead(bytes: Uint8Array<ArrayBuffer>): JournalHead | "unused" | "damaged" {
  const head = bytes.subarray(0, JOURNAL_HEAD_BYTES);
  if (head.every((byte) => byte === 0)) return "unused";
  if (head.byteLength < JOURNAL_HEAD_BYTES || MAGIC.some((byte, i) => head[i] !== byte)) return "damaged";
  const view = new DataView(head.buffer, head.byteOffset);
  const key = view.getUint32(CRC_AT, true);
  return key === crc32(head.subarray(0, CRC_AT)) ? { use: view.getFloat64(16, true), key } : "damaged";
}
