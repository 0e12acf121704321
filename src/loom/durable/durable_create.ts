/** PUT: makes a stream, or finds it made the same way (Durable Streams 1.0 §5.1). */

import { HttpError } from "../../errors.ts";
import { readBody } from "./durable_body.ts";
import { contentTypeOf, isClosing, parseTime, wholeNumber } from "./durable_fields.ts";
import type { DurableSettings } from "./durable_settings.ts";
import { isReserved, parseStreamPath, STREAMS_PATH, type Target } from "./durable_target.ts";
import { parseMetadata } from "../metadata.ts";
import { formatOffset, parseOffset } from "../offset.ts";
import type { Fields } from "./stream_answers.ts";
import { checkId } from "../store/stream_ids.ts";
import type { CreateOptions, ForkOptions } from "../stream_store.ts";

/** Answers a PUT. */
export async function create(settings: DurableSettings, request: Request, { id, query }: Target): Promise<Response> {
  checkId(id);
  const wish = parseCreate(request.headers, query);
  using memory = settings.bodies.claim();
  const bytes = await readBody(request, settings.appendBytes, memory);
  const options = bytes.byteLength > 0 ? { ...wish, bytes } : wish;
  const { stream, created } = await settings.store.create(id, options);
  const headers: Fields = {
    ...settings.headers,
    "content-type": stream.contentType,
    "stream-next-offset": formatOffset(stream.tail),
    "cache-control": "no-store",
  };
  if (stream.end) headers["stream-closed"] = "true";
  if (created) headers.location = locationOf(request.url);
  return new Response(null, { status: created ? 201 : 200, headers });
}

/** The stream's URL: what was asked for without its parameters. */
function locationOf(url: string): string {
  return url.slice(0, /[?#]|$/.exec(url)!.index);
}

/** @throws {HttpError} 400 */
function parseCreate(headers: Headers, query: string): CreateOptions {
  const fork = parseFork(headers);
  return {
    contentType: contentTypeOf(headers),
    metadata: parseMetadata(headers.get("x-stream-metadata")),
    ...parseExpiry(headers),
    closed: isClosing(headers),
    fork,
    force: query !== "" && new URLSearchParams(query).get("force") === "true",
  };
}

function parseExpiry(headers: Headers): Pick<CreateOptions, "ttlSeconds" | "expiresAt"> {
  const ttlSeconds = wholeNumber(headers, "Stream-TTL");
  const expiresAt = headers.get("stream-expires-at") ?? undefined;
  if (expiresAt === undefined) return { ttlSeconds };
  if (ttlSeconds !== undefined) {
    throw new HttpError(400, "A stream has a Stream-TTL or a Stream-Expires-At, not both");
  }
  if (parseTime(expiresAt) !== undefined) return { expiresAt };
  throw new HttpError(400, "Stream-Expires-At is not a time such as 2030-01-31T12:00:00Z");
}

function parseFork(headers: Headers): ForkOptions | undefined {
  const path = headers.get("stream-forked-from");
  const at = headers.get("stream-fork-offset");
  const beyond = wholeNumber(headers, "Stream-Fork-Sub-Offset");
  if (path === null) {
    if (at === null && beyond === undefined) return undefined;
    throw new HttpError(400, "Stream-Fork-Offset and Stream-Fork-Sub-Offset go with Stream-Forked-From");
  }
  if (beyond && at === null) throw new HttpError(400, "Stream-Fork-Sub-Offset goes with Stream-Fork-Offset");
  const from = path.startsWith(`${STREAMS_PATH}/`) ? parseStreamPath(path) : "";
  if (from === "" || isReserved(from)) {
    throw new HttpError(400, `Stream-Forked-From is not the path of a stream such as ${STREAMS_PATH}/a`);
  }
  // No part beyond is the same wish as none said.
  return { from, at: at === null ? undefined : parseOffset(at), beyond: beyond || undefined };
}
