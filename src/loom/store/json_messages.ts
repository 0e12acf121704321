/** JSON streams: values are stored each with a newline behind it, in the very words they came in. */

import { limits } from "../../limits.ts";
import { StreamError } from "../stream_error.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();
const NEWLINE = 10;

/** True for streams whose messages are JSON values. */
export function isJson(contentType: string): boolean {
  return mediaType(contentType) === "application/json";
}

/** A content type without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/**
 * Makes messages of JSON text: of each element of an array, else of the value. Numbers keep all their digits, because
 * the text is only cut, not written anew.
 *
 * @returns no bytes for an empty array
 * @throws {StreamError} `invalid`, `too-large`
 */
export function toMessages(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.byteLength > limits.jsonAppendBytes) {
    throw new StreamError(
      "too-large",
      `An append to a JSON stream holds at most ${limits.jsonAppendBytes} bytes: send more in several`,
    );
  }
  const text = parse(bytes);
  // A line break in JSON text is white space: texts hold theirs escaped.
  const flat = text.replace(/[\r\n]+/g, " ");
  if (flat[0] !== "[") return encoder.encode(flat + "\n");
  let lines = "";
  for (const element of elements(flat)) lines += element + "\n";
  return encoder.encode(lines);
}

function parse(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes);
    JSON.parse(text);
    return text.trim();
  } catch (cause) {
    throw new StreamError("invalid", "The stream takes JSON, and this is not valid JSON in UTF-8", { cause });
  }
}

/** Cuts a valid JSON array into the texts of its elements. */
function* elements(array: string): Generator<string> {
  let depth = 0;
  let from = 1;
  for (let i = 0; i < array.length; i++) {
    const char = array[i];
    if (char === '"') i = endOfText(array, i);
    else if (char === "[" || char === "{") depth++;
    else if (char === "]" || char === "}") depth--;
    if ((char === "," && depth === 1) || depth === 0) {
      const element = array.slice(from, i).trim();
      if (element) yield element;
      from = i + 1;
    }
  }
}

/** Where the text that begins at a quote ends. */
function endOfText(json: string, quote: number): number {
  for (let i = quote + 1;; i++) {
    if (json[i] === "\\") i++;
    else if (json[i] === '"') return i;
  }
}

/** How many of the bytes are whole messages. */
export function wholeMessages(bytes: Uint8Array): number {
  return bytes.lastIndexOf(NEWLINE) + 1;
}

/** Where the message behind so many others begins; -1 when there are not so many. */
export function skipMessages(bytes: Uint8Array, count: number): number {
  let at = 0;
  for (let i = 0; i < count; i++) {
    at = bytes.indexOf(NEWLINE, at) + 1;
    if (at === 0) return -1;
  }
  return at;
}
