/** Says how long answers may be kept (RFC 9111 §5.2), where the handler says nothing itself. */

import { fieldOf, setFields } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";

/**
 * Sets `Cache-Control` of answers that succeed, or send their client elsewhere. Failures keep what they have: one that a
 * cache keeps outlives its cause.
 *
 * @throws {TypeError} for a value that no header can hold
 */
export function cacheControl(handler: Handler, value: string): Handler {
  const field = Object.fromEntries(new Headers({ "cache-control": value }));
  return async (request, info) => {
    const response = await handler(request, info);
    const isKept = response.status < 400 && fieldOf(response, "cache-control") === undefined;
    return isKept ? setFields(response, field) : response;
  };
}
