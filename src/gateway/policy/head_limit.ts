/** How large the header fields of a route's requests may be; what no route may have is refused by the server itself. */

import type { Handler } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { fieldBytesOf } from "../../http/served_request.ts";

/**
 * Refuses with 431 what has more.
 *
 * @param headBytes names, values, and four for each line
 */
export function limitHead(handler: Handler, headBytes: number): Handler {
  return (request, info) => {
    if (fieldBytesOf(request) <= headBytes) return handler(request, info);
    return problem(431, `The header fields are larger than ${headBytes} bytes`);
  };
}
