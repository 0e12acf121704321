/** Ids of streams in paths and in header fields. */

import { StreamError } from "../stream_error.ts";
import { checkId } from "../store/stream_ids.ts";

/**
 * The id that a path names behind its prefix; slashes may be encoded or not.
 *
 * @returns undefined when nothing stands behind the prefix
 * @throws {StreamError} `invalid`
 */
export function idOfPath(pathname: string, prefix: string): string | undefined {
  const rest = pathname.slice(prefix.length + 1);
  if (rest === "") return undefined;
  const id = decode(rest);
  checkId(id);
  return id;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new StreamError("invalid", "A stream's id in a URL is UTF-8, percent-encoded", { cause });
  }
}

/** An id that nobody can guess, 122 random bits: who knows it may read the stream where no tokens are asked for. */
export function newStreamId(): string {
  return crypto.randomUUID();
}

/** An id as the header field `X-Stream-Id`: as it is, but for what no header can hold, which is percent-encoded. */
export function idField(id: string): string {
  return id.replace(/[^\x21-\x24\x26-\x7e]/gu, encodeURIComponent);
}
