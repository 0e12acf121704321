/**
 * The place where programs reply: any request to `/urhttp/{id}`, or to `/{id}`, is the answer of the client that waits under
 * that id. Its body goes to the client as fast as the client takes it, and whoever replies is told what became of it.
 */

import type { Source } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import type { Handler } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { bodySource, fieldOfRequest } from "../../http/served_request.ts";
import { gatewayLimits } from "../limits.ts";
import type { Claim, PendingReplies } from "./pending_replies.ts";
import type { Delivery, Reply, ReplyWaiter } from "./reply.ts";
import { replyFields, replyStatus, STATUS_FIELD } from "./reply_fields.ts";

/** Grammar of what an id may be, with its secret or without. */
const PATH = /^\/(?:urhttp\/)?([0-9A-Za-z-]{1,64}(?:\.[0-9A-Za-z_-]{1,64})?)$/;

/** What is told to those whose reply reaches nobody. */
const REFUSALS = {
  unknown: [404, "Nobody waits for a reply under this id"],
  answered: [409, "There was a reply under this id before"],
  expired: [410, "Nobody waits for this reply any more"],
} as const satisfies Record<Exclude<Claim<unknown>["state"], "waiting">, readonly [number, string]>;

/** The same for those whose reply did not reach its client whole. */
const FAILURES = {
  gone: [410, "The client has left"],
  late: [410, "The time for this reply is up"],
  broken: [400, "The reply broke off"],
} as const satisfies Record<Exclude<Delivery, "whole">, readonly [number, string]>;

/**
 * Makes the handler of the reply socket. It answers 204 when the client's side has all of the reply.
 *
 * @returns a handler whose failures are problem details: 400 for a status that can't be, 404, 409, 410, 431
 */
export function replyHandler(replies: PendingReplies<ReplyWaiter>): Handler {
  return async (request) => {
    const body = bodySource(request);
    const refusal = await take(replies, request, body);
    if (!refusal) return new Response(null, { status: 204 });
    // The connection stays, and a bounded part of the rest flows by: one that was cut would read an error, and no answer.
    body?.cancel();
    return problem(...refusal);
  };
}

/** Why a reply is refused, as a status and a word for whoever sent it. */
type Refusal = readonly [status: number, detail: string];

/** Gives a reply to the one who waits for it; undefined when all of it has arrived. */
async function take(
  replies: PendingReplies<ReplyWaiter>,
  request: Request,
  body: Source | undefined,
): Promise<Refusal | undefined> {
  const url = new URL(request.url);
  const token = PATH.exec(url.pathname)?.[1];
  if (token === undefined) return REFUSALS.unknown;
  let head: Omit<Reply, "body">;
  try {
    // Read before the id is claimed: whoever made a mistake may try again.
    head = readHead(request, url);
  } catch (error) {
    if (error instanceof HttpError) return [error.status, error.message];
    throw error;
  }
  const claim = replies.claim(token);
  if (claim.state !== "waiting") return REFUSALS[claim.state];
  const delivery = await claim.waiter.deliver({ ...head, body });
  return delivery === "whole" ? undefined : FAILURES[delivery];
}

function readHead(request: Request, url: URL): Omit<Reply, "body"> {
  const status = replyStatus(url, fieldOfRequest(request, STATUS_FIELD));
  const headers = replyFields(request.headers);
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length + 4; // colon, space, line end
  if (bytes > gatewayLimits.replyHeadBytes) {
    throw new HttpError(431, `The reply's header fields are longer than ${gatewayLimits.replyHeadBytes} bytes`);
  }
  const length = fieldOfRequest(request, "content-length");
  return { status, headers, contentLength: length === null ? undefined : Number(length) };
}
