/**
 * The header fields of a reply that are meant for the client. A reply comes as a request, so it carries fields that HTTP
 * clients add by themselves, and those of a request mean something else, or too much, in an answer. They are known and few;
 * what else a script sets, it means.
 */

import { responseFields } from "../../http/forward_fields.ts";
import { HttpError } from "../../errors.ts";

/** The field that gives the status of the answer. */
export const STATUS_FIELD = "x-reply-status";

/** Fields of requests, what tracing adds to them, and those that we set ourselves. */
const NOT_FOR_CLIENTS = new Set([
  ...["host", "user-agent", "expect", "from", "referer", "origin", "max-forwards", "via", "forwarded", "priority"],
  ...["accept", "accept-charset", "accept-encoding", "accept-language", "range"],
  ...["authorization", "cookie", "cookie2", "proxy", "dnt", "upgrade-insecure-requests"],
  ...["traceparent", "tracestate", "baggage", "b3", "x-requested-with"],
  ...["content-length", "x-request-id", STATUS_FIELD],
]);

/** Groups of such fields: preconditions, what browsers say of a page, what proxies say of a client. */
const NOT_FOR_CLIENTS_EITHER = /^(?:if-|sec-|access-control-request-|x-forwarded-|x-b3-)/;

/** What clients such as curl name the type of a body whose type they were not told; no answer is a form. */
const FORM = /^application\/x-www-form-urlencoded\b/i;

/** The fields for the client. There is no type among them when whoever replied has named none by intent. */
export function replyFields(headers: Headers): Headers {
  const fields = responseFields([...headers].flat(), false);
  const kept = new Headers(
    fields.filter(([name]) => !NOT_FOR_CLIENTS.has(name) && !NOT_FOR_CLIENTS_EITHER.test(name)),
  );
  if (FORM.test(kept.get("content-type") ?? "")) kept.delete("content-type");
  return kept;
}

/**
 * The status that a reply asks for, by `?status=` or by `X-Reply-Status`; 200 where it asks for none.
 *
 * @throws {HttpError} 400 when it is none from 200 to 599, or there are two
 */
export function replyStatus(url: URL, field: string | null): number {
  const asked = new Set(url.searchParams.getAll("status"));
  if (field !== null) asked.add(field.trim());
  const [status = "200"] = asked;
  if (asked.size > 1) throw new HttpError(400, "Cannot answer with more than one status");
  if (!/^[2-5]\d\d$/.test(status)) throw new HttpError(400, "Cannot answer with this status: it is 200 to 599");
  return Number(status);
}
