/** Refusals that several parts of the store make. */

import { mediaType } from "./json_messages.ts";
import type { Stream } from "./stream.ts";
import { StreamError } from "../stream_error.ts";

/** There is no stream of that id. */
export function notFound(id: string): StreamError {
  return new StreamError("not-found", `The stream ${id} does not exist`);
}

/** The stream is kept for its forks only. */
export function gone(id: string): StreamError {
  return new StreamError("gone", `The stream ${id} is deleted, but its id is not free until all its forks are deleted`);
}

/**
 * Checks that a position is kept.
 *
 * @param start where the stream begins
 * @throws {StreamError} `trimmed`
 */
export function checkKept(id: string, start: number, position: number): void {
  if (position >= start) return;
  throw new StreamError("trimmed", `The stream ${id} is kept from byte ${start} on, not from ${position}`, { start });
}

/**
 * Checks that what comes is what the stream holds.
 *
 * @throws {StreamError} `content-type`
 */
export function checkType({ document }: Stream, contentType: string): void {
  if (mediaType(contentType) === mediaType(document.contentType)) return;
  throw new StreamError("content-type", `The stream ${document.id} holds ${document.contentType}, not ${contentType}`);
}
