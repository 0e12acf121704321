/** Gives every answer of a handler the same fields. */

import { setFields } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";

/**
 * Sets header fields of all answers, in place of those of the handler that have the same name.
 *
 * @throws {TypeError} for a field that no header can hold
 */
export function responseHeaders(handler: Handler, fields: Readonly<Record<string, string>>): Handler {
  const checked = Object.fromEntries(new Headers(fields));
  return async (request, info) => setFields(await handler(request, info), checked);
}
