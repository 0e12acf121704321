/** What is told of a stream: HEAD, the list, and the fields of every answer with content. */

import { HttpError } from "../../errors.ts";
import { streamTag } from "./durable_condition.ts";
import type { DurableSettings } from "./durable_settings.ts";
import { formatMetadata } from "../metadata.ts";
import { formatOffset } from "../offset.ts";
import type { Fields } from "./stream_answers.ts";
import { StreamError } from "../stream_error.ts";
import { checkId } from "../store/stream_ids.ts";
import type { StreamEnd, StreamInfo, StreamStore } from "../stream_store.ts";

const LISTED_MAX = 1000;

/**
 * Finds a stream.
 *
 * @throws {StreamError} `not-found`, `gone`, `invalid`
 */
export function findStream(store: StreamStore, id: string): StreamInfo {
  const info = store.head(id);
  if (info && !info.hidden) return info;
  if (info) throw new StreamError("gone", "The stream is deleted, but for forks of it");
  checkId(id);
  throw new StreamError("not-found", "There is no stream at this path");
}

/** Says in fields how a stream has ended. */
export function tellEnd(fields: Fields, end: StreamEnd | undefined): void {
  if (!end) return;
  fields["stream-closed"] = "true";
  if (end === "aborted") fields["x-stream-end"] = end;
}

/** Answers a HEAD (Durable Streams 1.0 §5.4). */
export function describe(settings: DurableSettings, id: string): Response {
  const info = findStream(settings.store, id);
  const headers: Fields = {
    ...settings.headers,
    "content-type": info.contentType,
    "stream-next-offset": formatOffset(info.tail),
    "etag": streamTag(info),
    "cache-control": "no-store",
    "x-stream-created": new Date(info.createdAt).toISOString(),
  };
  tellEnd(headers, info.end);
  if (info.start > 0) headers["x-stream-first-offset"] = formatOffset(info.start);
  if (info.ttlSeconds !== undefined) headers["stream-ttl"] = String(info.ttlSeconds);
  if (info.expiresAt !== undefined) headers["stream-expires-at"] = info.expiresAt;
  if (info.metadata !== undefined) headers["x-stream-metadata"] = formatMetadata(info.metadata);
  return new Response(null, { headers });
}

/** Answers a DELETE (Durable Streams 1.0 §5.3). */
export async function remove(settings: DurableSettings, id: string): Promise<Response> {
  if (!await settings.store.delete(id)) findStream(settings.store, id);
  return new Response(null, { status: 204, headers: { ...settings.headers, "cache-control": "no-store" } });
}

/** Answers a GET of the list: streams in the order of their ids, `?prefix=`, and `?after=` with `?limit=` for pages. */
export function list(settings: DurableSettings, query: string): Response {
  const parameters = new URLSearchParams(query);
  const { streams, next } = settings.store.list({
    prefix: parameters.get("prefix") ?? undefined,
    after: parameters.get("after") ?? undefined,
    limit: parseLimit(parameters.get("limit")),
  });
  const listed = streams.filter((info) => !info.hidden).map(toListed);
  const headers = { ...settings.headers, "content-type": "application/json", "cache-control": "no-store" };
  return new Response(JSON.stringify({ streams: listed, next }) + "\n", { headers });
}

function parseLimit(text: string | null): number | undefined {
  if (text === null) return undefined;
  const limit = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Infinity;
  if (limit <= LISTED_MAX) return limit;
  throw new HttpError(400, `limit is a whole number from 1 to ${LISTED_MAX}`);
}

function toListed(info: StreamInfo): Record<string, unknown> {
  return {
    id: info.id,
    contentType: info.contentType,
    firstOffset: info.start > 0 ? formatOffset(info.start) : undefined,
    nextOffset: formatOffset(info.tail),
    bytes: info.tail - info.start,
    closed: info.end !== undefined,
    aborted: info.end === "aborted" || undefined,
    createdAt: new Date(info.createdAt).toISOString(),
    appendedAt: new Date(info.appendedAt).toISOString(),
    ttlSeconds: info.ttlSeconds,
    expiresAt: info.expiresAt,
    metadata: info.metadata,
  };
}
