/** What may be the id of a stream, and what may be attached to one. */

import { limits } from "../limits.ts";
import { StreamError } from "./stream_error.ts";

const encoder = new TextEncoder();

/**
 * Checks an id: a path whose segments are not empty, `.` or `..`, without control characters.
 *
 * @throws {StreamError} `invalid`
 */
export function checkId(id: string): void {
  const wrong = complaint(id);
  if (wrong) throw new StreamError("invalid", `A stream's id ${wrong}`);
}

function complaint(id: string): string | undefined {
  if (id === "") return "is not empty";
  if (id.length > limits.streamIdBytes || encoder.encode(id).byteLength > limits.streamIdBytes) {
    return `has at most ${limits.streamIdBytes} bytes`;
  }
  if (/\p{Cc}|\p{Cs}/u.test(id)) return "has no control characters";
  if (id.split("/").some((segment) => segment === "" || segment === "." || segment === "..")) {
    return "has no empty segments, and none that are . or ..";
  }
  return undefined;
}

/**
 * Checks what is attached to a stream.
 *
 * @throws {StreamError} `invalid`
 */
export function checkMetadata(metadata: unknown): void {
  const json = metadata === undefined ? "" : JSON.stringify(metadata);
  if (encoder.encode(json).byteLength <= limits.streamMetadataBytes) return;
  throw new StreamError("invalid", `A stream's metadata has at most ${limits.streamMetadataBytes} bytes as JSON`);
}
