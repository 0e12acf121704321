/**
 * What a spy shows of streams, as text for a terminal: a line of content behind its stream's id. Whatever could drive a
 * terminal, reorder a line or break it is shown escaped, and so are bytes that are no UTF-8.
 */

import { printable } from "../../bytes/printable.ts";
import { limits } from "../../limits.ts";

const NEWLINE = 10;
const RETURN = 13;
const COLORS = [31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96];
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Lines at the beginning of bytes. */
export interface Lines {
  readonly lines: readonly string[];
  /** How many bytes they take. */
  readonly used: number;
}

/**
 * Cuts bytes into lines, and those into parts that are longer than a line may be.
 *
 * @param all also what has no newline behind it
 */
export function cutLines(bytes: Uint8Array, all: boolean): Lines {
  const lines: string[] = [];
  let used = 0;
  while (used < bytes.byteLength) {
    const newline = bytes.indexOf(NEWLINE, used);
    const end = newline === -1 ? bytes.byteLength : newline;
    const whole = end - used <= limits.spyLineBytes;
    if (newline === -1 && whole && !all) break;
    const to = whole ? end : wholeCharacters(bytes, used + limits.spyLineBytes);
    const isReturned = to === newline && to > used && bytes[to - 1] === RETURN;
    lines.push(printableBytes(bytes.subarray(used, isReturned ? to - 1 : to)));
    used = to === newline ? to + 1 : to;
  }
  return { lines, used };
}

/** One line of a spy's output, in the stream's colour if it is to have one. */
export function showLine(text: string, color: number | undefined): string {
  return color === undefined ? `${text}\n` : `\x1b[${COLORS[color % COLORS.length]}m${text}\x1b[0m\n`;
}

function printableBytes(bytes: Uint8Array): string {
  let text = "";
  let from = 0;
  for (let at = 0; at < bytes.byteLength;) {
    const length = characterLength(bytes, at);
    if (length === 0) {
      text += printable(decoder.decode(bytes.subarray(from, at))) + `\\x${bytes[at].toString(16).padStart(2, "0")}`;
      from = at + 1;
    }
    at += length || 1;
  }
  return text + printable(decoder.decode(bytes.subarray(from)));
}

/** Length of the UTF-8 character at a place; 0 when there is none (Unicode 15, table 3-7). */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first < 0xe0
    ? 2
    : first >= 0xe0 && first < 0xf0
    ? 3
    : first >= 0xf0 && first < 0xf5
    ? 4
    : 0;
  if (length === 0 || at + length > bytes.byteLength) return 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (bytes[at + 1] < low || bytes[at + 1] > high) return 0;
  for (let i = at + 2; i < at + length; i++) if ((bytes[i] & 0xc0) !== 0x80) return 0;
  return length;
}

/** The place at or shortly before a place at which a character of UTF-8 begins. */
function wholeCharacters(bytes: Uint8Array, at: number): number {
  let start = at;
  while (start > at - 4 && (bytes[start] & 0xc0) === 0x80) start--;
  return (bytes[start] & 0xc0) === 0x80 ? at : start;
}
