/** Refusals of the stream store as HTTP answers: statuses and header fields of Durable Streams 1.0, problem details. */

import { problem } from "../../http/problem.ts";
import { formatOffset } from "../offset.ts";
import type { StreamError, StreamErrorCode } from "../stream_error.ts";

/** Header fields of an answer. */
export type Fields = Record<string, string>;

const STATUSES: Record<StreamErrorCode, number> = {
  "not-found": 404,
  "gone": 410,
  "trimmed": 410,
  "exists": 409,
  "closed": 409,
  "content-type": 409,
  "sequence": 409,
  "stale-epoch": 403,
  "epoch-start": 400,
  "sequence-gap": 409,
  "moved": 412,
  "invalid": 400,
  "too-large": 413,
  "full": 507,
  "corrupt": 500,
  "storage": 503,
  "stopped": 503,
};

/** Failures whose messages are the operator's: what the client is told instead. */
const PUBLIC_DETAILS: Partial<Record<StreamErrorCode, string>> = {
  corrupt: "What is stored of the stream is damaged: the server does not give it out",
  storage: "The server's storage failed: try again",
  stopped: "The server is being stopped: try again",
};

/** The status that a refusal is answered with. */
export function statusOf(error: StreamError): number {
  return STATUSES[error.code];
}

/**
 * The answer to a refusal.
 *
 * @param options.status in place of the refusal's own
 * @param options.headers fields that all answers carry
 * @param options.received the sequence number that the producer sent
 */
export function streamProblem(
  error: StreamError,
  options: { status?: number; headers?: Fields; received?: string } = {},
): Response {
  const { code, details } = error;
  const headers: Fields = { ...options.headers };
  if (details.tail !== undefined) headers["stream-next-offset"] = formatOffset(details.tail);
  if (code === "closed" || details.closed) headers["stream-closed"] = "true";
  if (details.epoch !== undefined) headers["producer-epoch"] = String(details.epoch);
  if (details.expected !== undefined) headers["producer-expected-seq"] = String(details.expected);
  if (code === "sequence-gap" && options.received) headers["producer-received-seq"] = options.received;
  const status = options.status ?? statusOf(error);
  if (status === 503) headers["retry-after"] = "1";
  const first = details.start === undefined ? undefined : formatOffset(details.start);
  const extensions = { code, ...(first && { firstOffset: first }) };
  return problem(status, PUBLIC_DETAILS[code] ?? error.message, { headers, extensions });
}
