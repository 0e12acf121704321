/** The pieces of a request's path, decoded, once for all who look at them. */

import { HttpError } from "../../errors.ts";

/**
 * Takes a path apart.
 *
 * A slash that was written as `%2F` belongs to its piece: a parameter has it as a slash.
 *
 * @param path of a URL, as `URL.pathname` has it: dots are resolved already
 * @throws {HttpError} 400 for what is no UTF-8, and for NUL bytes, which end names early in programs
 */
export function segmentsOf(path: string): readonly string[] {
  const raw = path.slice(1).split("/");
  return path.includes("%") ? raw.map(decode) : raw;
}

function decode(raw: string): string {
  if (!raw.includes("%")) return raw;
  let text: string;
  try {
    text = decodeURIComponent(raw);
  } catch (cause) {
    throw new HttpError(400, "The path is not valid percent-encoded UTF-8", { cause });
  }
  if (text.includes("\0")) throw new HttpError(400, "The path holds a NUL byte");
  return text;
}

/** A path of decoded pieces, encoded again. */
export function joinSegments(segments: readonly string[]): string {
  return "/" + segments.map(encodeURIComponent).join("/");
}
