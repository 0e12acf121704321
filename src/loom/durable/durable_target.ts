/** Which stream a URL names. */

import { HttpError } from "../../errors.ts";

/** Where streams are. */
export const STREAMS_PATH = "/v1/stream";

/** What a request is about. */
export interface Target {
  /** The id of a stream; empty for the list of them. */
  readonly id: string;
  /** The query without its question mark. */
  readonly query: string;
}

/**
 * Takes a request's URL apart, with less work than a `URL` object makes.
 *
 * @throws {HttpError} 400, 404 when it is not below `STREAMS_PATH`
 */
export function parseTarget(url: string): Target {
  const pathAt = url.indexOf("/", url.indexOf("//") + 2);
  const hashAt = url.indexOf("#", pathAt);
  const end = hashAt === -1 ? url.length : hashAt;
  const queryAt = url.indexOf("?", pathAt);
  const hasQuery = queryAt !== -1 && queryAt < end;
  const path = url.slice(pathAt, hasQuery ? queryAt : end);
  return { id: parseStreamPath(path), query: hasQuery ? url.slice(queryAt + 1, end) : "" };
}

/**
 * The id in the path of a stream; whether it can be one is for the store to say.
 *
 * @throws {HttpError} 400, 404
 */
export function parseStreamPath(path: string): string {
  if (path === STREAMS_PATH) return "";
  if (!path.startsWith(STREAMS_PATH + "/")) throw new HttpError(404, `Streams are below ${STREAMS_PATH}/`);
  const encoded = path.slice(STREAMS_PATH.length + 1);
  if (!encoded.includes("%")) return encoded;
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw new HttpError(400, "The path of the stream is not percent-encoded UTF-8", { cause });
  }
}

/** True for paths that the protocol keeps for itself. */
export function isReserved(id: string): boolean {
  return id === "__ds" || id.startsWith("__ds/");
}
