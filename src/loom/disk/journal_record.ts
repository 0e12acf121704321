/**
 * Records of the journal, one a commit.
 *
 *     0  u32  bytes of what follows these 20
 *     4  u32  CRC-32 of what follows them, begun with that of the record before
 *     8  f64  number of the commit
 *    16  u32  CRC-32 of the 16 bytes before, begun with the key of the file's use
 *    20  u32  bytes of text
 *    24       text: changes as JSON, then the bytes that they speak of
 *
 * Where the journal ends, 20 bytes are 0. What an earlier use of the file left behind has another key. That the head has a
 * checksum of its own tells a record that was whole once, and is damaged, from one that was never finished: behind the
 * former there are others.
 */

import { crc32 } from "node:zlib";
import type { ProducerState, StreamDocument } from "../store/storage.ts";

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
export const RECORD_HEAD_BYTES = 20;
const CRC_AT = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the checksums of the next record begin with. */
export interface Chain {
  /** The key of the file's use. */
  readonly key: number;
  /** Checksum of the record before; the key for the first one. */
  readonly crc: number;
}

/** A record as it lies in the file, and what the next one begins with. */
export interface EncodedRecord {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly chain: Chain;
}

/** Writes a record, with zeros behind it where the next will lie. */
export function encodeRecord(
  commit: number,
  entries: readonly JournalEntry[],
  chunks: readonly Uint8Array[],
  { key, crc }: Chain,
): EncodedRecord {
  const text = encoder.encode(JSON.stringify(entries));
  const length = 4 + text.byteLength + chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const bytes = new Uint8Array(RECORD_HEAD_BYTES + length + RECORD_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(RECORD_HEAD_BYTES, text.byteLength, true);
  let at = RECORD_HEAD_BYTES + 4;
  bytes.set(text, at);
  at += text.byteLength;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  const sum = crc32(bytes.subarray(RECORD_HEAD_BYTES, at), crc);
  view.setUint32(0, length, true);
  view.setUint32(4, sum, true);
  view.setFloat64(8, commit, true);
  view.setUint32(CRC_AT, crc32(bytes.subarray(0, CRC_AT), key), true);
  return { bytes, chain: { key, crc: sum } };
}

/**
 * Reads the record at a position.
 *
 * @returns undefined when there is none, or it is not what was written
 */
export function decodeRecord(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  { key, crc }: Chain,
): { record: JournalRecord; next: number; chain: Chain } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = decodeHead(bytes, view, at, key);
  const from = at + RECORD_HEAD_BYTES;
  const next = from + (head?.length ?? 0);
  if (!head || next > bytes.byteLength || head.crc !== crc32(bytes.subarray(from, next), crc)) return undefined;
  const textEnd = from + 4 + view.getUint32(from, true);
  const entries = JSON.parse(decoder.decode(bytes.subarray(from + 4, textEnd))) as JournalEntry[];
  const record = { commit: head.commit, entries, bytes: bytes.subarray(textEnd, next) };
  return { record, next, chain: { key, crc: head.crc } };
}

/** Where the next record of the same use begins, from a position on, whether or not it is whole; -1 when none does. */
export function findRecord(bytes: Uint8Array<ArrayBuffer>, from: number, key: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at <= bytes.byteLength - RECORD_HEAD_BYTES; at++) {
    if (decodeHead(bytes, view, at, key)) return at;
  }
  return -1;
}

/** What stands before a record's text; undefined when it is not what was written. */
function decodeHead(bytes: Uint8Array<ArrayBuffer>, view: DataView, at: number, key: number) {
  if (at + RECORD_HEAD_BYTES > bytes.byteLength) return undefined;
  const length = view.getUint32(at, true);
  const commit = view.getFloat64(at + 8, true);
  if (length < 4 || commit < 1 || !Number.isSafeInteger(commit)) return undefined; // most that is no head ends here
  if (view.getUint32(at + CRC_AT, true) !== crc32(bytes.subarray(at, at + CRC_AT), key)) return undefined;
  return { length, crc: view.getUint32(at + 4, true), commit };
}
