/** One request and its answer: whatever fails ends in an answer or in a cut connection. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { accessOf } from "./access.ts";
import type { Connection } from "./connections.ts";
import { IncomingBody } from "./incoming_body.ts";
import { errorResponse } from "./problem.ts";
import { sendResponse } from "./send_response.ts";
import type { Front } from "./serve_options.ts";
import { toRequest } from "./to_request.ts";

/** Where node:http finds what it tells clients in `Keep-Alive`. */
type Announcing = ServerResponse & { _keepAliveTimeout: number };

/** Asks the handler, and sends what it answers. */
export async function exchange(
  front: Front,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  connection: Connection,
): Promise<void> {
  const started = performance.now();
  const body = new IncomingBody(incoming, front.requestBodyIdleMs);
  let request: Request | undefined;
  let response: Response;
  try {
    request = toRequest(incoming, outgoing, body, front);
    response = await ask(front, request, connection);
  } catch (error) {
    // Where a request ends that can be understood in two ways, nobody knows: it is where the connection ends.
    if (!request) connection.isEnding = true;
    response = errorResponse(error, front);
  }
  if (!request || body.isBroken || front.isClosing || front.keepAliveMs === 0) outgoing.shouldKeepAlive = false;
  else (outgoing as Announcing)._keepAliveTimeout = front.keepAliveMs;
  const sent = await sendResponse(response, incoming, outgoing, front.responseStallMs);
  if (sent.complete) body.release();
  front.onAccess?.(
    accessOf(incoming, {
      ...sent,
      started,
      status: connection.brokenWith ?? response.status,
      requestBytes: body.bytes,
      remoteAddress: connection.address.hostname,
      response,
    }),
    request,
  );
}

/** Asks the handler for an answer. */
export async function ask({ handler }: Front, request: Request, { address }: Connection): Promise<Response> {
  const response = await handler(request, { remoteAddr: address });
  if (!response) throw new TypeError(`Cannot send an answer: the handler gave ${response}`);
  return response;
}
