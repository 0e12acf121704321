/** Request fields of the protocol, read strictly. */

import { HttpError } from "../../errors.ts";
import { limits } from "../../limits.ts";

/** A number of seconds, of bytes or of messages, as the protocol writes it: no sign, no leading zero, no point. */
const PLAIN_INTEGER = /^(0|[1-9]\d*)$/;
const TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+[ \t]*(;.*)?$/;
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads a field that holds a whole number.
 *
 * @returns undefined when there is none
 * @throws {HttpError} 400
 */
export function wholeNumber(headers: Headers, name: string): number | undefined {
  const value = headers.get(name);
  if (value === null) return undefined;
  if (PLAIN_INTEGER.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw new HttpError(400, `${name} is not a whole number such as 3600`);
}

/**
 * Reads the content type.
 *
 * @returns undefined when there is none
 * @throws {HttpError} 400
 */
export function contentTypeOf(headers: Headers): string | undefined {
  const type = headers.get("content-type");
  if (!type) return undefined;
  if (type.length <= limits.contentTypeBytes && TYPE.test(type)) return type;
  throw new HttpError(400, "Content-Type is not a media type such as text/plain");
}

/** True when the client ends the stream. */
export function isClosing(headers: Headers): boolean {
  return headers.get("stream-closed") === "true";
}

/**
 * Reads a time as RFC 3339 writes it.
 *
 * @returns milliseconds since 1970; undefined when it is none
 */
export function parseTime(text: string): number | undefined {
  const time = TIME.test(text) ? Date.parse(text.replace(" ", "T").toUpperCase()) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
