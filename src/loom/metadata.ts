/**
 * Metadata of streams as a header field, `X-Stream-Metadata`: JSON in whatever encoding it arrives, ASCII when sent. A
 * header's bytes come to us as Latin-1, so that JSON in UTF-8 looks mangled until it is decoded again.
 */

import { isDeeper } from "../bytes/json_depth.ts";
import { HttpError } from "../errors.ts";
import { limits } from "../limits.ts";

/**
 * Reads the field.
 *
 * @returns the JSON value; undefined when there is no field
 * @throws {HttpError} 400 when it is too long, not UTF-8, not JSON, or nested too deeply
 */
export function parseMetadata(field: string | null): unknown {
  if (field === null) return undefined;
  if (field.length > limits.streamMetadataBytes) {
    throw new HttpError(400, `X-Stream-Metadata is longer than ${limits.streamMetadataBytes} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(fromLatin1(field));
  } catch (cause) {
    throw new HttpError(400, "X-Stream-Metadata is not valid JSON in UTF-8", { cause });
  }
  if (isDeeper(value, limits.streamMetadataDepth)) {
    throw new HttpError(400, `X-Stream-Metadata nests deeper than ${limits.streamMetadataDepth} levels`);
  }
  return value;
}

/** Writes the field: JSON in which everything beyond ASCII is escaped. */
export function formatMetadata(value: unknown): string {
  const json = JSON.stringify(value) ?? "{}";
  return json.replace(/[^\x20-\x7e]/g, (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"));
}

/** Takes the bytes of a header field for what they are, UTF-8. */
function fromLatin1(field: string): string {
  const bytes = Uint8Array.from(field, (unit) => unit.charCodeAt(0));
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
