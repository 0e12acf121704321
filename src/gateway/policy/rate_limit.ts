/** How often a client may ask, by the `RateLimit` fields of draft-ietf-httpapi-ratelimit-headers-11. */

import { hash } from "node:crypto";
import { HttpError } from "../../errors.ts";
import type { Handler, RequestInfo } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { fieldOfRequest, originalOf } from "../../http/served_request.ts";
import type { RateLimitConfig } from "../config/model.ts";
import { gatewayLimits } from "../limits.ts";
import { clientKey } from "./client_key.ts";
import { forwardedClient } from "./forwarded_client.ts";
import { RateTable, type Verdict } from "./rate_table.ts";
import { userOf } from "./user_of.ts";

/** Options of {@linkcode limitRate}. */
export interface RateLimitOptions {
  /** Milliseconds, of a clock that never goes back. Default: `performance.now`. */
  readonly clock?: () => number;
  /** Count by the client that a proxy before us names, and not by the proxy: only behind one that says so. */
  readonly trustForwarded?: boolean;
  /** Clients that are remembered. */
  readonly keysMax?: number;
}

/**
 * Refuses with 429 who asks too often, and tells each client what it has left. Requests without the field that they are
 * counted by, or without a user, are counted together.
 */
export function limitRate(handler: Handler, config: RateLimitConfig, options: RateLimitOptions = {}): Handler {
  const { clock = () => performance.now(), keysMax = gatewayLimits.rateLimitKeys, trustForwarded = false } = options;
  const table = new RateTable(config, keysMax);
  const keyOf = keyBy(config.by, trustForwarded);
  const policy = `"default";q=${config.requests};w=${Math.ceil(config.windowMs / 1000)}`;
  return async (request, info) => {
    const verdict = table.take(short(keyOf(request, info)), clock());
    const fields = { "ratelimit-policy": policy, ratelimit: `"default";r=${verdict.remaining};t=${seconds(verdict)}` };
    const response = verdict.allowed ? await answer(handler, fields, request, info) : tooMany(verdict);
    for (const [name, value] of Object.entries(fields)) response.headers.set(name, value);
    return response;
  };
}

/** What those behind refuse has the fields too. */
async function answer(
  handler: Handler,
  fields: Record<string, string>,
  ...[request, info]: Parameters<Handler>
): Promise<Response> {
  try {
    return await handler(request, info);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const { status, message, headers, cause } = error;
    throw new HttpError(status, message, { headers: { ...headers, ...fields }, cause });
  }
}

function tooMany(verdict: Verdict): Response {
  const wait = seconds(verdict);
  return problem(429, `Too many requests: ask again in ${wait} s`, { headers: { "retry-after": String(wait) } });
}

/** Until there is more, in whole seconds. */
function seconds({ moreMs }: Verdict): number {
  return Math.max(1, Math.ceil(moreMs / 1000));
}

function keyBy(
  by: RateLimitConfig["by"],
  trustForwarded: boolean,
): (request: Request, info?: RequestInfo) => string {
  if (by === "client") {
    const named = (request: Request) => trustForwarded ? forwardedClient(request) : undefined;
    return (request, info) => clientKey(named(request) ?? info?.remoteAddr?.hostname ?? "");
  }
  if (by === "user") return (request) => userOf(request) ?? "";
  const name = by.header.toLowerCase();
  // As it came: who asks for proof takes `Authorization` out.
  return (request) => fieldOfRequest(originalOf(request), name) ?? "";
}

/** A field may be as long as a head: only its digest is kept then. */
function short(key: string): string {
  return key.length <= gatewayLimits.rateLimitKeyChars ? key : hash("sha256", key, "base64");
}
