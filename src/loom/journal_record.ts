/**
 * Records of the journal, one a commit.
 *
 *     0  u32  bytes of what follows byte 16; 0 where the journal ends
 *     4  u32  CRC-32 of what follows byte 8, begun with that of the record before, so that what an earlier use of the
 *             file left behind is never taken for a record
 *     8  f64  number of the commit
 *    16  u32  bytes of text
 *    20       text: changes as JSON, then the bytes that they speak of
 */

import { crc32 } from "node:zlib";
import type { ProducerState, StreamDocument } from "./storage.ts";

/** One stream's part of a commit. */
export interface JournalEntry {
  /** Number of the stream. */
  readonly n: number;
  /** It is new. */
  readonly created?: StreamDocument;
  readonly removed?: true;
  readonly set?: Partial<StreamDocument>;
  readonly producer?: readonly [id: string, state: ProducerState];
  /** How many of the record's bytes are its. */
  readonly bytes?: number;
  /** Everything before lies in blocks; the bytes begin there. */
  readonly flushed?: number;
}

/** What one commit stored. */
export interface JournalRecord {
  readonly commit: number;
  readonly entries: readonly JournalEntry[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes before what a record holds. */
export const RECORD_HEAD_BYTES = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A record as it lies in the file, and the checksum that the next one begins with. */
export interface EncodedRecord {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly crc: number;
}

/**
 * Writes a record, with a zero behind it where the next will lie.
 *
 * @param crc checksum of the record before
 */
export function encodeRecord(
  commit: number,
  entries: readonly JournalEntry[],
  chunks: readonly Uint8Array[],
  crc: number,
): EncodedRecord {
  const text = encoder.encode(JSON.stringify(entries));
  const length = 4 + text.byteLength + chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const bytes = new Uint8Array(RECORD_HEAD_BYTES + length + RECORD_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setFloat64(8, commit, true);
  view.setUint32(16, text.byteLength, true);
  bytes.set(text, 20);
  let at = 20 + text.byteLength;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  const sum = crc32(bytes.subarray(8, at), crc);
  view.setUint32(4, sum, true);
  return { bytes, crc: sum };
}

/** What stands before a record's text, as far as it can be believed. */
export function decodeHead(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
): { length: number; crc: number; commit: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  return { length: view.getUint32(0, true), crc: view.getUint32(4, true), commit: view.getFloat64(8, true) };
}

/**
 * Reads the record at a position.
 *
 * @returns undefined when there is none, or it is not what was written
 */
export function decodeRecord(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  crc: number,
): { record: JournalRecord; next: number; crc: number } | undefined {
  if (at + RECORD_HEAD_BYTES > bytes.byteLength) return undefined;
  const head = decodeHead(bytes, at);
  const next = at + RECORD_HEAD_BYTES + head.length;
  if (head.length < 4 || next > bytes.byteLength) return undefined;
  if (head.crc !== crc32(bytes.subarray(at + 8, next), crc)) return undefined;
  const textBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 16, true);
  const text = decoder.decode(bytes.subarray(at + 20, at + 20 + textBytes));
  const entries = JSON.parse(text) as JournalEntry[];
  return {
    record: { commit: head.commit, entries, bytes: bytes.subarray(at + 20 + textBytes, next) },
    next,
    crc: head.crc,
  };
}
