/** What is sent of a request to whoever is asked: made once, however many are. */

import { isIP } from "node:net";
import { HttpError } from "../../errors.ts";
import type { RequestInfo } from "../../http/handler.ts";
import { fieldOfRequest } from "../../http/served_request.ts";
import { canUpgrade } from "../../http/upgrade.ts";
import { limits } from "../../limits.ts";
import { headFor, questionLines } from "./heads.ts";
import { passedFields } from "./passed_fields.ts";

/** A request that is ready to be sent. */
export interface PreparedCall {
  /**
   * The head for one that is asked.
   *
   * @param version empty for a service without
   * @throws {HttpError} 431 when it is too long
   */
  head(service: string, version: string): Uint8Array<ArrayBuffer>;
}

/**
 * Prepares a request.
 *
 * @throws {HttpError} 431 when it has too many header fields
 * @throws {TypeError} when its URL is none of HTTP
 */
export function prepareCall(request: Request, info: RequestInfo = {}): PreparedCall {
  const lines = questionLines({
    method: request.method,
    url: urlOf(request),
    client: clientOf(info),
    params: info.params ?? {},
    upgrade: canUpgrade(request),
    fields: fieldsOf(request, info),
  });
  return {
    head(service, version) {
      try {
        return headFor(service, version, lines);
      } catch (cause) {
        if (!(cause instanceof RangeError)) throw cause;
        throw new HttpError(431, "The request's head is longer than a service takes", { cause });
      }
    },
  };
}

/** An IP address: nothing else is passed on as one. */
function clientOf({ remoteAddr }: RequestInfo): string {
  const host = remoteAddr?.hostname ?? "";
  return isIP(host) === 0 ? "" : host;
}

/** As it is written by the URL standard, in which whoever is asked looks it over; without what is for the client alone. */
function urlOf(request: Request): string {
  const url = URL.parse(request.url);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(`Cannot call a service: the URL ${request.url} is none of HTTP`);
  }
  const fragment = url.href.indexOf("#");
  return fragment === -1 ? url.href : url.href.slice(0, fragment);
}

function fieldsOf({ headers }: Request, { trace }: RequestInfo): string[] {
  let fields = passedFields(headers);
  if (trace) {
    fields = fields.filter((_, i) => !isOfTrace(fields[i & ~1]));
    fields.push("traceparent", trace.traceparent);
    if (trace.tracestate !== undefined) fields.push("tracestate", trace.tracestate);
  }
  if (fields.length > limits.requestFields * 2) {
    throw new HttpError(431, `The request has more than ${limits.requestFields} header fields`);
  }
  return fields;
}

function isOfTrace(name: string): boolean {
  return name === "traceparent" || name === "tracestate";
}

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);

/** True for a request that does the same whether it is done once or twice. */
export function isIdempotent(request: Request): boolean {
  return IDEMPOTENT.has(request.method) || fieldOfRequest(request, "idempotency-key") !== null;
}
