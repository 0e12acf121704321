/** Where a read begins: an offset, a time, or so many bytes before the end; and how it goes on. */

import { HttpError } from "../../errors.ts";
import { parseTime } from "./durable_fields.ts";
import { findStream } from "./durable_stream.ts";
import { parseStart } from "../offset.ts";
import type { StreamInfo, StreamStore } from "../stream_store.ts";

/** A position, the first byte that is kept, the end, a time in milliseconds since 1970, or bytes before the end. */
export type Begin = number | "first" | "now" | { readonly at: number } | { readonly last: number };

/** What a reader asks for. */
export interface ReadWish {
  /** Undefined when nothing was said, which means `first`. */
  readonly begin?: Begin;
  readonly live?: "long-poll" | "sse";
  readonly cursor?: string;
}

/**
 * Reads the parameters of a GET.
 *
 * @throws {HttpError} 400
 * @throws {StreamError} `invalid`
 */
export function parseRead(query: string, headers: Headers): ReadWish {
  if (query === "") return {};
  const parameters = new URLSearchParams(query);
  const live = parameters.get("live") ?? undefined;
  if (live !== undefined && live !== "long-poll" && live !== "sse") {
    throw new HttpError(400, "live is long-poll or sse");
  }
  // A browser that connects again has got further than its URL says.
  const resumed = live === "sse" ? headers.get("last-event-id") : null;
  const begin = resumed ? parseOffsetOrFirst(resumed) : parseBegin(parameters);
  if (live !== undefined && begin === undefined) {
    throw new HttpError(400, `live=${live} goes with an offset: one that the server gave, or -1, or now`);
  }
  return { begin, live, cursor: parameters.get("cursor") ?? undefined };
}

function parseBegin(parameters: URLSearchParams): Begin | undefined {
  const given = [...parameters].filter(([name]) => name === "offset" || name === "at" || name === "last");
  if (given.length === 0) return undefined;
  if (given.length > 1) throw new HttpError(400, "A read has one offset, or one time, or one number of last bytes");
  const [name, value] = given[0];
  if (name === "offset") return parseOffsetOrFirst(value);
  return name === "at" ? { at: parseAt(value) } : { last: parseLast(value) };
}

function parseOffsetOrFirst(token: string): Begin {
  return token === "-1" ? "first" : parseStart(token);
}

function parseAt(text: string): number {
  const time = /^\d{1,15}$/.test(text) ? Number(text) : parseTime(text);
  if (time !== undefined) return time;
  throw new HttpError(400, "at is a time such as 2030-01-31T12:00:00Z, or milliseconds since 1970");
}

function parseLast(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new HttpError(400, "last is a number of bytes");
}

/**
 * The position to read from: never beyond the end, which a reader that was there before a crash may be.
 * Of a stream of messages it is where a message begins.
 *
 * @throws {StreamError} as the store does
 */
export async function positionOf(store: StreamStore, info: StreamInfo, begin: Begin): Promise<number> {
  if (typeof begin === "number") return Math.min(begin, info.tail);
  if (begin === "first") return info.start;
  if (begin === "now") return info.tail;
  if ("at" in begin) {
    const position = await store.positionAt(info.id, begin.at);
    return Math.max(findStream(store, info.id).start, position);
  }
  return await store.boundaryAt(info.id, info.tail - begin.last);
}
