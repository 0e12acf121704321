/**
 * Server-sent events of streams (Durable Streams 1.0 §5.7): bytes in, bytes out. A line break in content begins another
 * data line, whatever kind of break it is, so that no content can pass for a field or end an event.
 */

import { Buffer } from "node:buffer";
import { concat } from "../../bytes/source.ts";
import { mediaType } from "../store/json_messages.ts";

const LF = 10;
const CR = 13;
const SPACE = 32;

const encoder = new TextEncoder();
const DATA = encoder.encode("data:");
const DATA_SPACE = encoder.encode("data: ");
const BREAK = encoder.encode("\n");

/** What a follower is told behind each piece. */
export interface Control {
  /** Where the next piece begins. */
  readonly offset: string;
  /** Not told when the stream has ended. */
  readonly cursor: number;
  /** Nothing more was there. */
  readonly upToDate: boolean;
  /** How the stream has ended. */
  readonly end?: "closed" | "aborted";
}

/** True for content that events can carry as it is; other content is sent in base64. */
export function isText(contentType: string): boolean {
  const type = mediaType(contentType);
  return type.startsWith("text/") || type === "application/json";
}

/**
 * An event with content.
 *
 * @param id where the stream goes on behind it: whoever connects again gives it back
 */
export function textEvent(text: Uint8Array<ArrayBuffer>, id: string): Uint8Array<ArrayBuffer> {
  const parts = [encoder.encode("event: data\n")];
  for (let at = 0; at <= text.byteLength;) {
    const end = endOfLine(text, at);
    // A reader takes one space away behind the colon.
    parts.push(text[at] === SPACE ? DATA_SPACE : DATA, text.subarray(at, end), BREAK);
    at = text[end] === CR && text[end + 1] === LF ? end + 2 : end + 1;
  }
  parts.push(encoder.encode(`id: ${id}\n\n`));
  return concat(parts);
}

/** An event with content that is not text. */
export function base64Event(bytes: Uint8Array<ArrayBuffer>, id: string): Uint8Array<ArrayBuffer> {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return encoder.encode(`event: data\ndata:${base64}\nid: ${id}\n\n`);
}

/** An event about the stream. */
export function controlEvent({ offset, cursor, upToDate, end }: Control): Uint8Array<ArrayBuffer> {
  const fields = end
    ? { streamNextOffset: offset, streamClosed: true, ...(end === "aborted" && { streamEnd: end }) }
    : { streamNextOffset: offset, streamCursor: String(cursor), ...(upToDate && { upToDate }) };
  return encoder.encode(`event: control\ndata:${JSON.stringify(fields)}\nid: ${offset}\n\n`);
}

/**
 * How many bytes of text can be sent when more may follow: not a part of a character, and no carriage return whose line
 * feed may be on its way.
 */
export function wholeText(text: Uint8Array): number {
  const length = text.byteLength;
  if (text[length - 1] === CR) return length - 1;
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = text[length - back];
    if (byte < 0x80) break;
    if (byte >= 0xc0) return characterLength(byte) > back ? length - back : length;
  }
  return length;
}

/** Bytes of the UTF-8 character that begins with a byte. */
function characterLength(first: number): number {
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

function endOfLine(text: Uint8Array, from: number): number {
  for (let i = from; i < text.byteLength; i++) {
    if (text[i] === LF || text[i] === CR) return i;
  }
  return text.byteLength;
}
