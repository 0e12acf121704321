/** Errors as HTTP answers: problem details (RFC 9457). Inner messages never reach a client outside development. */

import { HttpError, ProgramError, type ProgramErrorCode, type UsedUp } from "../errors.ts";

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  507: "Insufficient Storage",
};

/**
 * A problem document.
 *
 * @param status 400 to 599
 * @param detail one sentence for the client
 * @param options.headers further header fields
 * @param options.extensions further members of the document
 */
export function problem(
  status: number,
  detail: string,
  options: { headers?: Record<string, string>; extensions?: Record<string, unknown> } = {},
): Response {
  const title = TITLES[status] ?? "Error";
  const body = JSON.stringify({ type: "about:blank", title, status, detail, ...options.extensions }) + "\n";
  return new Response(body, {
    status,
    headers: { ...options.headers, "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

const PUBLIC_DETAILS: Record<ProgramErrorCode, string> = {
  start: "The program could not be started",
  build: "The program could not be built",
  exit: "The program failed before it answered",
  timeout: "The program did not answer in time",
  head: "The program answered with an invalid head",
  limit: "The program used up what it was given",
};

const USED_UP: Record<UsedUp, string> = {
  cpu: "The program used up its processor time",
  memory: "The program used up its memory",
  file: "The program wrote a larger file than it may",
};

/**
 * The answer to a failure.
 *
 * @param error what was thrown
 * @param options.dev show the inner message and the end of standard error
 */
export function errorResponse(error: unknown, options: { dev?: boolean } = {}): Response {
  if (error instanceof HttpError) return problem(error.status, error.message, { headers: { ...error.headers } });
  if (error instanceof ProgramError) {
    const { status, usedUp } = error;
    const detail = usedUp ? USED_UP[usedUp] : PUBLIC_DETAILS[error.code];
    if (!options.dev) return problem(status, detail, { extensions: { usedUp } });
    return problem(status, error.message, { extensions: { usedUp, stderr: error.stderr, ...error.exit } });
  }
  const detail = options.dev && error instanceof Error ? error.message : "The server failed to answer";
  return problem(500, detail);
}
