/**
 * Parts of a file (RFC 9110 §14). Several ranges are sent as one multipart answer if they are few, in order and apart;
 * else the whole file is, as a server may always do: small ranges that overlap many times are how such answers are made
 * to cost more than the file.
 */

import { gatewayLimits } from "../limits.ts";

/** Bytes of a file, from the first up to `end`, which is not among them. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Understands a `Range` field.
 *
 * @param size of the whole file
 * @returns undefined: answer with the whole; "unsatisfiable": none of it is in the file
 */
export function parseRanges(field: string, size: number): readonly ByteRange[] | "unsatisfiable" | undefined {
  const list = /^bytes=(.*)$/i.exec(field)?.[1].split(",");
  if (!list || list.length > gatewayLimits.staticRanges) return undefined;
  const ranges: ByteRange[] = [];
  for (const item of list) {
    const [all, first, last] = /^[\t ]*(\d*)-(\d*)[\t ]*$/.exec(item) ?? [];
    if (all === undefined || first === "" && last === "") return undefined;
    if (first !== "" && last !== "" && Number(first) > Number(last)) return undefined;
    const range = first === "" ? suffix(Number(last), size) : between(Number(first), last, size);
    if (range) ranges.push(range);
  }
  if (ranges.length === 0) return "unsatisfiable";
  const areApart = ranges.every(({ start }, index) => index === 0 || start >= ranges[index - 1].end);
  return areApart ? ranges : undefined;
}

/** `bytes 0-99/1000`. */
export function contentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end - 1}/${size}`;
}

function between(first: number, last: string, size: number): ByteRange | undefined {
  if (first >= size) return undefined;
  return { start: first, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

function suffix(length: number, size: number): ByteRange | undefined {
  return length === 0 || size === 0 ? undefined : { start: Math.max(0, size - length), end: size };
}
