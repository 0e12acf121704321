/** The list of streams, in parts. */

import { HttpError } from "../../errors.ts";
import { json } from "./classic_answers.ts";
import { fromStoredType } from "./classic_type.ts";
import type { StreamInfo, StreamStore } from "../stream_store.ts";

const LIMIT_MAX = 1000;

/**
 * Answers with streams in the order of their ids: those that `prefix` begins, behind `after`, at most `limit`.
 *
 * @throws {HttpError} 400 for a limit that is none
 */
export function list(store: StreamStore, parameters: URLSearchParams): Response {
  const { streams, next } = store.list({
    prefix: parameters.get("prefix") ?? undefined,
    after: parameters.get("after") ?? undefined,
    limit: parseLimit(parameters.get("limit")),
  });
  return json({ streams: streams.map(describe), next });
}

function parseLimit(text: string | null): number | undefined {
  if (text === null) return undefined;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > LIMIT_MAX) throw new HttpError(400, `The limit is a number from 1 to ${LIMIT_MAX}`);
  return limit;
}

function describe(stream: StreamInfo): Record<string, unknown> {
  return {
    id: stream.id,
    contentType: fromStoredType(stream.contentType),
    metadata: stream.metadata,
    bytes: stream.tail - stream.start,
    state: stream.end ?? "live",
    createdAt: new Date(stream.createdAt).toISOString(),
    appendedAt: new Date(stream.appendedAt).toISOString(),
  };
}
