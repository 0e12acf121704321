/** Reading a stream: what is there, then what comes until the producer ends. */

import { type Source, toReadableStream } from "../../bytes/source.ts";
import { contentGuard } from "../content_guard.ts";
import { guards, refuse, refuseMissing } from "./classic_answers.ts";
import { idField } from "./classic_id.ts";
import { arrayLength, toArray } from "./classic_json.ts";
import { type Part, StreamSource } from "./classic_source.ts";
import { fromStoredType } from "./classic_type.ts";
import { parseRange } from "../durable/durable_range.ts";
import { isJson } from "../store/json_messages.ts";
import { formatMetadata } from "../metadata.ts";
import type { StreamInfo, StreamStore } from "../stream_store.ts";

type Fields = Record<string, string>;

/** What somebody wants to read. */
interface Asked {
  readonly store: StreamStore;
  readonly request: Request;
  readonly stream: StreamInfo;
  readonly signal: AbortSignal;
}

/**
 * Answers a GET or a HEAD.
 *
 * @param follow false: the answer ends with what is there
 * @param signal breaks the answer off
 */
export function get(
  store: StreamStore,
  request: Request,
  id: string,
  follow: boolean,
  signal: AbortSignal,
): Response {
  const stream = store.head(id);
  if (!stream || stream.hidden) return refuseMissing(id);
  const headers = headersOf(stream);
  const asked: Asked = { store, request, stream, signal };
  if (stream.end) return getEnded(asked, headers);
  if (follow) return send(asked, { from: stream.start }, { headers });
  headers["content-length"] = String(lengthOf(stream));
  return send(asked, { from: stream.start, to: stream.tail }, { headers });
}

/** Of a stream that can't change any more, clients may keep a copy, and ask for parts. */
function getEnded(asked: Asked, headers: Fields): Response {
  const { request, stream } = asked;
  const { start, tail } = stream;
  headers.etag = `"${stream.number}-${start}-${tail}"`;
  if (isKnown(request.headers.get("if-none-match"), headers.etag)) return notModified(headers);
  headers["content-length"] = String(lengthOf(stream));
  if (isJson(stream.contentType)) return send(asked, { from: start, to: tail }, { headers });
  headers["accept-ranges"] = "bytes";
  const field = request.headers.get("range");
  const isMeant = field !== null && (request.headers.get("if-range") ?? headers.etag) === headers.etag;
  const range = isMeant ? parseRange(field, tail - start) : undefined;
  if (range === "unsatisfiable") {
    return refuse(416, "The stream does not have these bytes", { "content-range": `bytes */${tail - start}` });
  }
  if (!range) return send(asked, { from: start, to: tail }, { headers });
  headers["content-range"] = `bytes ${range.from}-${range.to - 1}/${tail - start}`;
  headers["content-length"] = String(range.to - range.from);
  return send(asked, { from: start + range.from, to: start + range.to }, { status: 206, headers });
}

function send({ store, request, stream, signal }: Asked, part: Part, init: ResponseInit): Response {
  if (request.method === "HEAD") return new Response(null, init);
  const bytes = new StreamSource(store, stream, part, signal);
  const content: Source = isJson(stream.contentType) ? toArray(bytes) : bytes;
  return new Response(toReadableStream(content), init);
}

function headersOf(stream: StreamInfo): Fields {
  const headers: Fields = {
    ...guards,
    ...contentGuard(fromStoredType(stream.contentType)),
    "content-type": fromStoredType(stream.contentType),
    "x-stream-id": idField(stream.id),
    "x-stream-metadata": formatMetadata(stream.metadata),
    "cache-control": stream.end ? "no-cache" : "no-store", // one that was replaced has another ETag
    "x-accel-buffering": "no",
  };
  if (stream.end === "aborted") headers["x-stream-end"] = "aborted";
  if (stream.start > 0) headers["x-stream-start"] = String(stream.start);
  return headers;
}

function lengthOf({ contentType, start, tail }: StreamInfo): number {
  return isJson(contentType) ? arrayLength(tail - start) : tail - start;
}

/** Whether a client has the answer of an ETag already (RFC 9110 §13.1.2). */
function isKnown(field: string | null, etag: string): boolean {
  if (field === null) return false;
  return field.trim() === "*" || field.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}

function notModified({ "content-type": _, ...headers }: Fields): Response {
  return new Response(null, { status: 304, headers });
}
