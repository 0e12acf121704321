/** Long-polls: an answer as soon as there is more (Durable Streams 1.0 §5.6). */

import { nextCursor } from "./cursor.ts";
import { entityTag } from "./durable_condition.ts";
import { Patience } from "./durable_patience.ts";
import { keeping, pieceFields, pieceResponse } from "./durable_piece.ts";
import type { DurableSettings } from "./durable_settings.ts";
import { findStream } from "./durable_stream.ts";
import { StreamError } from "../stream_error.ts";
import type { Piece, StreamInfo } from "../stream_store.ts";

/** A reader that wants what is still to come. */
export interface LiveRead {
  readonly info: StreamInfo;
  /** Where it is. */
  readonly from: number;
  /** As it got it with the last answer. */
  readonly cursor?: string;
}

/** Answers a long-poll. */
export async function longPoll(settings: DurableSettings, request: Request, live: LiveRead): Promise<Response> {
  const { info, from, cursor } = live;
  const piece = await nextPiece(settings, request, info, from);
  const headers = pieceFields(settings, info, piece);
  headers["stream-cursor"] = String(nextCursor(cursor, settings.clock()));
  if (piece.bytes.byteLength === 0) {
    headers["cache-control"] = "no-store";
    delete headers["content-type"];
    return new Response(null, { status: 204, headers });
  }
  headers.etag = entityTag(info, from, piece.next, piece.end);
  // Who asks for this place with this cursor may get this answer again: what follows is at another place.
  headers["cache-control"] = keeping(settings, info);
  return pieceResponse(request, info, piece, headers);
}

/** What is at a place, or comes there in time; else an empty piece. */
async function nextPiece(settings: DurableSettings, request: Request, info: StreamInfo, from: number): Promise<Piece> {
  const { store, longPollMs, catchUpBytes } = settings;
  const piece = await store.read(info.id, from, catchUpBytes);
  if (piece.bytes.byteLength > 0 || piece.end) return piece;
  using patience = new Patience(longPollMs, request.signal, settings.signal);
  if (!await store.wait(info.id, info.number, piece.next, patience.signal)) return piece;
  if (findStream(store, info.id).number !== info.number) {
    throw new StreamError("not-found", "The stream was deleted, and another one has its path");
  }
  return await store.read(info.id, piece.next, catchUpBytes);
}
