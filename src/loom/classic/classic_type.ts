/**
 * Content types of streams that are kept byte by byte. The store takes streams of `application/json` apart into messages,
 * each a value of its own; an upload or a recorded answer is one document that may come in any pieces, and is read back
 * as it came. It is kept as `text/json`, which means the same to readers (WHATWG MIME Sniffing §4.6) and which the store
 * leaves alone, and is told as `application/json` again.
 */

import { isJson, mediaType } from "../store/json_messages.ts";

const JSON_TYPE = "application/json";
const STORED_JSON_TYPE = "text/json";

/** The content type to store for one that a producer gave. */
export function toStoredType(given: string | null | undefined): string {
  if (!given) return "application/octet-stream";
  return isJson(given) ? STORED_JSON_TYPE + parameters(given) : given;
}

/** The content type that the producer of a stream gave. */
export function fromStoredType(stored: string): string {
  return mediaType(stored) === STORED_JSON_TYPE ? JSON_TYPE + parameters(stored) : stored;
}

/** A content type's parameters, from their semicolon on. */
function parameters(type: string): string {
  const at = type.indexOf(";");
  return at === -1 ? "" : type.slice(at);
}
