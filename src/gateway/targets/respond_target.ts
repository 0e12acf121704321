/** Answers with what stands in the file. */

import { isBodiless } from "../../http/bodiless.ts";
import { answerWith } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import type { TargetConfig } from "../config/target_model.ts";

/**
 * Makes the target.
 *
 * @throws {TypeError} {RangeError} for a status or a field that can't be
 */
export function respondTarget({ status, headers, body }: Extract<TargetConfig, { kind: "respond" }>): Handler {
  const fields: Record<string, string> = {};
  for (const name in headers) fields[name.toLowerCase()] = headers[name];
  if (body !== "") fields["content-type"] ??= "text/plain; charset=utf-8";
  const init = { status, headers: fields };
  new Response(null, init); // a mistake shows now, and not with the first request
  if (isBodiless(status)) {
    if (body !== "") throw new TypeError(`Cannot answer with a body: one with status ${status} has none`);
    return () => new Response(null, init);
  }
  const bytes = new TextEncoder().encode(body);
  return (request) => answerWith(request, bytes, init);
}
