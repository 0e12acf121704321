/** Answers with a piece of a stream. */

import { contentGuard } from "../content_guard.ts";
import { answerWith } from "../../http/bytes_response.ts";
import { toJsonArray } from "./durable_json.ts";
import type { DurableSettings } from "./durable_settings.ts";
import { tellEnd } from "./durable_stream.ts";
import { isJson } from "../store/json_messages.ts";
import { formatOffset } from "../offset.ts";
import type { Fields } from "./stream_answers.ts";
import type { Piece, StreamInfo } from "../stream_store.ts";

/** The fields of an answer with a piece of a stream. */
export function pieceFields(settings: DurableSettings, info: StreamInfo, piece: Piece): Fields {
  const fields: Fields = {
    ...settings.headers,
    ...contentGuard(info.contentType),
    "content-type": info.contentType,
    "stream-next-offset": formatOffset(piece.next),
    "x-stream-created": new Date(info.createdAt).toISOString(), // tells a stream from one that had its path before
  };
  if (piece.upToDate) fields["stream-up-to-date"] = "true";
  tellEnd(fields, piece.end);
  return fields;
}

/** An answer with a piece of a stream. */
export function pieceResponse(request: Request, info: StreamInfo, piece: Piece, headers: Fields): Response {
  const bytes = isJson(info.contentType) ? toJsonArray(piece.bytes) : piece.bytes;
  return answerWith(request, bytes, { headers });
}

/** How long a cache may give out a piece that will never be another one (Durable Streams 1.0 §8.1). */
export function keeping(settings: DurableSettings, info: StreamInfo): string {
  // A stream whose life depends on being read has to see its readers, and one that expires must not live on in caches.
  if (info.ttlSeconds !== undefined || info.expiresAt !== undefined) return `${settings.cache}, no-cache`;
  return `${settings.cache}, max-age=60, stale-while-revalidate=300`;
}
