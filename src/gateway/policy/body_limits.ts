/** How large the bodies of a route's requests may be. What is announced is judged at once, what is not while it comes. */

import type { Source } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import type { Handler } from "../../http/handler.ts";
import { errorResponse } from "../../http/problem.ts";
import { changedRequest, fieldOfRequest, isServed } from "../../http/served_request.ts";

/** Bounds on bodies. */
export interface BodyLimits {
  /** Fewer bytes are 400. */
  readonly bodyBytesMin?: number;
  /** More bytes are 413. */
  readonly bodyBytes?: number;
}

/** Methods whose requests have no body. */
const BODILESS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses bodies that are too small or too large. One whose length is not announced breaks off with the refusal, which is
 * the answer as long as the handler has made none.
 */
export function limitBody(handler: Handler, { bodyBytesMin = 0, bodyBytes = Infinity }: BodyLimits): Handler {
  const wrap = (body: Source): Source => counted(body, bodyBytesMin, bodyBytes);
  return (request, info) => {
    const announced = fieldOfRequest(request, "content-length");
    if (!isBounded(request, announced)) return handler(changedRequest(request, { body: wrap }), info);
    const bytes = Number(announced ?? 0);
    if (bytes > bodyBytes) return errorResponse(tooLarge(bodyBytes));
    if (bytes < bodyBytesMin && !BODILESS.has(request.method)) return errorResponse(tooSmall(bodyBytesMin));
    return handler(request, info);
  };
}

/** The body is as long as it is announced, or there is none: our own server sees to it, others may not. */
function isBounded(request: Request, announced: string | null): boolean {
  if (!isServed(request)) return request.body === null;
  return announced !== null || fieldOfRequest(request, "transfer-encoding") === null || BODILESS.has(request.method);
}

/** A source that fails when it has given too much, or ends too early. */
function counted(source: Source, min: number, max: number): Source {
  let total = 0;
  return {
    async read() {
      const chunk = await source.read();
      if (!chunk && total < min) throw tooSmall(min);
      total += chunk?.byteLength ?? 0;
      if (total <= max) return chunk;
      source.cancel();
      throw tooLarge(max);
    },
    cancel: (reason) => source.cancel(reason),
  };
}

function tooLarge(max: number): HttpError {
  return new HttpError(413, `The body is larger than ${max} bytes`);
}

function tooSmall(min: number): HttpError {
  return new HttpError(400, `The body is smaller than ${min} bytes`);
}
