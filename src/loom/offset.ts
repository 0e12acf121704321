/** Offsets as clients see them: opaque tokens that sort as the positions they stand for (Durable Streams 1.0 §6). */

import { StreamError } from "./stream_error.ts";

const DIGITS = 16;
const PATTERN = /^\d{16}_(\d{16})$/;
const PREFIX = "0".repeat(DIGITS) + "_";

/** Where a reader wants to begin. */
export type Start = number | "now";

/** Writes a position, bytes from a stream's beginning. */
export function formatOffset(position: number): string {
  return PREFIX + String(position).padStart(DIGITS, "0");
}

/**
 * Reads a token that was given to a client.
 *
 * @throws {StreamError} `invalid`
 */
export function parseOffset(token: string): number {
  const position = Number(PATTERN.exec(token)?.[1] ?? NaN);
  if (!Number.isSafeInteger(position)) {
    throw new StreamError("invalid", "An offset is a token that the server gave, or -1, or now");
  }
  return position;
}

/**
 * Reads where a reader wants to begin: a token, `-1` for the beginning, `now` for the end.
 *
 * @throws {StreamError} `invalid`
 */
export function parseStart(token: string): Start {
  if (token === "-1") return 0;
  return token === "now" ? "now" : parseOffset(token);
}
