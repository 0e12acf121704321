/** What is told of a request when its answer has ended; for access logs and counters. */

import type { IncomingMessage } from "node:http";
import { fieldOf } from "./bytes_response.ts";

/** What happened with one request; for an access log. */
export interface Access {
  /** Its method; empty, as all else that its head says, when it was refused before that was understood. */
  readonly method: string;
  /** The request target as the client sent it. */
  readonly url: string;
  /** `1.1` or `1.0`. */
  readonly httpVersion: string;
  /** The `Host` that it asked for. */
  readonly host: string | undefined;
  /** `User-Agent`. */
  readonly userAgent: string | undefined;
  /** `Referer`. */
  readonly referer: string | undefined;
  /** Status of the answer; 101 when the handler took the connection over. */
  readonly status: number;
  /** Bytes of its body that were taken from the client. */
  readonly requestBytes: number;
  /** Bytes of the body sent; all that were sent on a connection taken over. */
  readonly bytes: number;
  /** When its head had come, milliseconds since 1970. */
  readonly startedAt: number;
  /** From the request's head to the end of its answer. */
  readonly durationMs: number;
  /** The client's; empty on a socket of the file system. */
  readonly remoteAddress: string;
  /** `X-Request-Id` of the answer. */
  readonly requestId: string | undefined;
  /** False when the answer ended before it was whole. */
  readonly complete: boolean;
}

/**
 * Takes what happened with a request.
 *
 * @param request the one that the handler got; undefined when it got none
 */
export type OnAccess = (access: Access, request: Request | undefined) => void;

/** What is known when an answer has ended. */
export interface Ending {
  readonly status: number;
  readonly requestBytes: number;
  readonly bytes: number;
  readonly complete: boolean;
  /** By `performance.now()`. */
  readonly started: number;
  readonly remoteAddress: string;
  /** Undefined when it was made without one. */
  readonly response: Response | undefined;
}

/** Puts together what is told of a request. */
export function accessOf(incoming: IncomingMessage | undefined, ending: Ending): Access {
  const durationMs = performance.now() - ending.started;
  const headers = incoming?.headers;
  return {
    method: incoming?.method ?? "",
    url: incoming?.url ?? "",
    httpVersion: incoming?.httpVersion ?? "",
    host: headers?.host,
    userAgent: headers?.["user-agent"],
    referer: headers?.referer,
    status: ending.status,
    requestBytes: ending.requestBytes,
    bytes: ending.bytes,
    startedAt: Date.now() - durationMs,
    durationMs,
    remoteAddress: ending.remoteAddress,
    requestId: ending.response && fieldOf(ending.response, "x-request-id"),
    complete: ending.complete,
  };
}
