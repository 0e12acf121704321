/** GET: what a stream holds (Durable Streams 1.0 §5.5), and the way to live reads. */

import { parseRead, positionOf, type ReadWish } from "./durable_begin.ts";
import { entityTag, names } from "./durable_condition.ts";
import { followEvents } from "./durable_follow.ts";
import { keeping, pieceFields, pieceResponse } from "./durable_piece.ts";
import { longPoll } from "./durable_poll.ts";
import { readRange } from "./durable_range.ts";
import type { DurableSettings } from "./durable_settings.ts";
import { findStream, tellEnd } from "./durable_stream.ts";
import type { Target } from "./durable_target.ts";
import { isJson } from "../store/json_messages.ts";
import { formatOffset } from "../offset.ts";
import type { Fields } from "./stream_answers.ts";
import type { Piece, StreamInfo } from "../stream_store.ts";

/** Answers a GET. */
export async function read(settings: DurableSettings, request: Request, { id, query }: Target): Promise<Response> {
  const wish = parseRead(query, request.headers);
  const info = findStream(settings.store, id);
  // Nobody can have been beyond the end, unless the stream is another one, or was cut short: no wait will tell more.
  const isLost = typeof wish.begin === "number" && wish.begin > info.tail && wish.live === "long-poll";
  if (wish.live === undefined || isLost) return await catchUp(settings, request, info, wish);
  const from = await positionOf(settings.store, info, wish.begin!);
  const live = { info, from, cursor: wish.cursor };
  return wish.live === "sse" ? await followEvents(settings, request, live) : await longPoll(settings, request, live);
}

async function catchUp(
  settings: DurableSettings,
  request: Request,
  info: StreamInfo,
  wish: ReadWish,
): Promise<Response> {
  if (wish.begin === undefined && request.headers.has("range")) {
    const part = await readRange(settings, request.headers, info);
    if (part) return part;
  }
  const from = await positionOf(settings.store, info, wish.begin ?? "first");
  const piece = await settings.store.read(info.id, from, wish.begin === "now" ? 1 : settings.catchUpBytes);
  if (wish.begin === "now") return nothing(settings, info, piece);
  const headers = pieceFields(settings, info, piece);
  headers.etag = entityTag(info, from, piece.next, piece.end);
  headers["cache-control"] = typeof wish.begin === "object" ? "no-store" : caching(settings, info, piece);
  if (wish.begin === undefined && info.end && info.start === 0 && !isJson(info.contentType)) {
    headers["accept-ranges"] = "bytes";
  }
  if (names(request.headers.get("if-none-match"), headers.etag)) return new Response(null, { status: 304, headers });
  return pieceResponse(request, info, piece, headers);
}

/** Nothing of the stream: whoever asks for `now` wants to know where it ends. It counts as a use, as any read does. */
function nothing(settings: DurableSettings, info: StreamInfo, { from, upToDate, end }: Piece): Response {
  const headers: Fields = {
    ...settings.headers,
    "content-type": info.contentType,
    "stream-next-offset": formatOffset(from),
    "stream-up-to-date": "true",
    "cache-control": "no-store",
  };
  if (upToDate) tellEnd(headers, end);
  return new Response(isJson(info.contentType) ? "[]" : null, { headers });
}

/** What ends where a stream that still grows ends would be out of date at once: a cache has to ask. */
function caching(settings: DurableSettings, info: StreamInfo, piece: Piece): string {
  return piece.upToDate && !piece.end ? `${settings.cache}, no-cache` : keeping(settings, info);
}
