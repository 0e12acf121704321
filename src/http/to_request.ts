/** A request of node:http as a `Request`, once it is known to mean the same to all who read it. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { IncomingBody } from "./incoming_body.ts";
import { untilClosed } from "./received.ts";
import { urlOf } from "./request_target.ts";
import { servedRequest } from "./served_request.ts";

/** Where the server listens, for requests that don't say what they want to reach. */
interface OwnAddress {
  readonly scheme: "http" | "https";
  readonly authority: string;
}

/** Methods that the Fetch standard lets nobody make a request with. */
const IMPOSSIBLE_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);

/**
 * Makes the request for a handler.
 *
 * @throws {HttpError} when it is none that can be passed on: nothing behind it may be taken for a request
 */
export function toRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: IncomingBody | undefined,
  own: OwnAddress,
): Request {
  const { method, headers, httpVersion, rawHeaders } = incoming;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    throw new HttpError(505, "The only version supported is HTTP/1.1");
  }
  if (rawHeaders.length > limits.requestFields * 2) {
    throw new HttpError(431, `The request has more than ${limits.requestFields} header fields`);
  }
  if (IMPOSSIBLE_METHODS.has(method!)) throw new HttpError(501, `The method ${method} is not supported`);
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) checkCoding(coding, httpVersion);
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== "100-continue") {
    throw new HttpError(417, "The only expectation supported is 100-continue");
  }
  const url = urlOf(incoming, own.scheme, own.authority);
  const hasBody = method !== "GET" && method !== "HEAD" &&
    (coding !== undefined || Number(headers["content-length"] ?? 0) > 0);
  return servedRequest({
    ...{ head: incoming, url, body: hasBody ? body : undefined },
    untilGone: () => untilClosed(outgoing),
  });
}

/** The parser takes whatever ends in `chunked` for it; others may not (RFC 9112 §6.1). */
function checkCoding(coding: string, httpVersion: string): void {
  if (httpVersion === "1.0") throw new HttpError(400, "HTTP/1.0 has no Transfer-Encoding");
  if (coding.toLowerCase() !== "chunked") throw new HttpError(501, "The only transfer coding supported is chunked");
}
