/** Entity tags of streams, and appends that depend on them (RFC 9110 §13.1). */

import type { StreamEnd, StreamInfo } from "../stream_store.ts";

const TAG = /^"([0-9a-z]+)-([0-9a-z]+)-\d+-(\d{1,15})(?:-c)?"$/;
const OFFSET = /^"\d{16}_(\d{16})"$/;
/** Where no stream ends. */
const NOWHERE = -1;

/** The entity tag of a part of a stream; of all of it, the tag of the stream. */
export function entityTag(info: StreamInfo, from: number, next: number, end: StreamEnd | undefined): string {
  return `"${info.number.toString(36)}-${info.createdAt.toString(36)}-${from}-${next}${end ? "-c" : ""}"`;
}

/** The entity tag that HEAD gives. */
export function streamTag(info: StreamInfo): string {
  return entityTag(info, info.start, info.tail, info.end);
}

/** Whether `If-None-Match` names a tag. */
export function names(field: string | null, tag: string): boolean {
  if (field === null) return false;
  if (field === tag || field === "*") return true;
  return field.split(",").some((one) => one.trim().replace(/^W\//, "") === tag);
}

/**
 * Where the stream has to end for an `If-Match` to hold: a tag of what the client read up to the end, or an offset in
 * quotes.
 *
 * @returns a position that no stream ends at when none of the tags is this stream's; undefined when any will do
 */
export function expectedTail(field: string | null, info: StreamInfo): number | undefined {
  if (field === null || field.trim() === "*") return undefined;
  const tails = field.split(",").map((tag) => tailOf(tag.trim(), info));
  // The store compares once more: it alone knows whether this is a repetition of what made the stream longer.
  return tails.includes(info.tail) ? info.tail : tails.find((tail) => tail !== NOWHERE) ?? NOWHERE;
}

function tailOf(tag: string, { number, createdAt }: StreamInfo): number {
  const offset = OFFSET.exec(tag);
  if (offset) return Number(offset[1]);
  const [, ofNumber, ofCreation, tail] = TAG.exec(tag) ?? [];
  return ofNumber === number.toString(36) && ofCreation === createdAt.toString(36) ? Number(tail) : NOWHERE;
}
