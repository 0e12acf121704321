/** Answers of the classic API that refuse: `{ "error": "..." }`, as its clients know them. */

import { HttpError } from "../../errors.ts";
import { statusOf } from "../durable/stream_answers.ts";
import { StreamError } from "../stream_error.ts";

/** What every answer says to browsers. */
export const guards = { "x-content-type-options": "nosniff" } as const;

/** A refusal. */
export function refuse(status: number, error: string, headers: Record<string, string> = {}): Response {
  return json({ error }, { status, headers });
}

/** An answer of JSON. */
export function json(value: unknown, init: { status?: number; headers?: Record<string, string> } = {}): Response {
  const headers = { ...init.headers, ...guards, "content-type": "application/json", "cache-control": "no-store" };
  return new Response(JSON.stringify(value) + "\n", { status: init.status ?? 200, headers });
}

/** There is no such stream. */
export function refuseMissing(id: string): Response {
  return refuse(404, `The stream with ID ${id} does not exist`);
}

/** The id is taken. */
export function refuseTaken(id: string): Response {
  return refuse(409, `The stream with ID ${id} already exists. Specify force=true query param to override.`);
}

/**
 * The answer to what was thrown.
 *
 * @throws what is nobody's refusal
 */
export function refusalOf(error: unknown): Response {
  if (error instanceof HttpError) return refuse(error.status, error.message, { ...error.headers });
  if (!(error instanceof StreamError)) throw error;
  const status = statusOf(error);
  // What failed inside is the operator's to know: it may name files.
  const isInner = error.code === "storage" || error.code === "corrupt";
  return refuse(status, isInner ? "The server's storage failed" : error.message, status === 503 ? RETRY : {});
}

const RETRY = { "retry-after": "1" };
