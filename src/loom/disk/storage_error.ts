/** What a failing disk means to whoever wanted to store something. */

import { StreamError } from "../stream_error.ts";

/** Error codes of a disk that has no room. */
const NO_ROOM = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/**
 * Makes a refusal of what the system said.
 *
 * @param what what could not be done, as the beginning of a sentence
 */
export function storageError(what: string, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause;
  const { code, message } = cause as { code?: string; message?: string };
  if (NO_ROOM.has(code ?? "") || /no space left|disk quota|database or disk is full/i.test(message ?? "")) {
    return new StreamError("full", `${what}: the disk is full`, { cause });
  }
  return new StreamError("storage", `${what}: ${message}`, { cause });
}
