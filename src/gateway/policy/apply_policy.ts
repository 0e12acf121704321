/** What stands between a request and its target, in the order in which a request meets it. */

import { HttpError, ProgramError } from "../../errors.ts";
import type { Handler } from "../../http/handler.ts";
import { errorResponse } from "../../http/problem.ts";
import { limits } from "../../limits.ts";
import type { Log } from "../../log.ts";
import { clientGone } from "../../process/run.ts";
import type { AuthConfig, RoutePolicy } from "../config/model.ts";
import type { TargetConfig } from "../config/target_model.ts";
import { basicAuth } from "./basic_auth.ts";
import { bearerAuth } from "./bearer_auth.ts";
import { limitBody } from "./body_limits.ts";
import { cacheControl } from "./cache_control.ts";
import { compress } from "./compress.ts";
import { limitConcurrency } from "./concurrency.ts";
import { allowOrigins } from "./cors.ts";
import { limitHead } from "./head_limit.ts";
import { limitRate } from "./rate_limit.ts";
import { responseHeaders } from "./response_headers.ts";
import { limitTime } from "./time_limits.ts";

/** What a policy is applied with. */
export interface PolicyOptions {
  readonly log: Log;
  readonly dev: boolean;
  /** Name of the route in logs. */
  readonly label: string;
  /** Count clients by what a proxy before us says of them. */
  readonly trustForwarded?: boolean;
  /** Told how many requests wait for a place, whenever it changes. */
  readonly onWaiting?: (count: number) => void;
}

/** Puts a route's policy before its target. */
export function applyPolicy(
  target: Handler,
  kind: TargetConfig["kind"],
  policy: RoutePolicy,
  options: PolicyOptions,
): Handler {
  const { headBytes, bodyBytes, bodyBytesMin, rateLimit, auth, cors, cacheControl: cacheFor } = policy;
  const { trustForwarded } = options;
  let handler = target;
  if (cacheFor !== undefined) handler = cacheControl(handler, cacheFor);
  if (!hasOwnClocks(kind)) handler = limitTime(handler, policy);
  if (!hasOwnGate(kind) && policy.concurrency !== undefined) {
    const { concurrency, queue = limits.queue } = policy;
    handler = limitConcurrency(handler, { concurrency, queue, onWaiting: options.onWaiting });
  }
  if (bodyBytes !== undefined || bodyBytesMin !== undefined) handler = limitBody(handler, { bodyBytes, bodyBytesMin });
  if (rateLimit?.by === "user") handler = limitRate(handler, rateLimit);
  if (auth) handler = demandProof(handler, auth);
  if (rateLimit && rateLimit.by !== "user") handler = limitRate(handler, rateLimit, { trustForwarded }); // wrong passwords too
  if (headBytes !== undefined) handler = limitHead(handler, headBytes);
  handler = answerFailures(handler, options);
  if (Object.keys(policy.responseHeaders).length > 0) handler = responseHeaders(handler, policy.responseHeaders);
  if (policy.compress) handler = compress(handler);
  if (cors) handler = allowOrigins(handler, cors);
  return handler;
}

/** Programs watch their time themselves, and tell a client in words of their own. */
function hasOwnClocks(kind: TargetConfig["kind"]): boolean {
  return kind === "program" || kind === "callback";
}

/** Programs have their own gate, whose place is free when the process is gone, and not when its answer is out. */
function hasOwnGate(kind: TargetConfig["kind"]): boolean {
  return kind === "program" || kind === "callback";
}

function demandProof(handler: Handler, auth: AuthConfig): Handler {
  return auth.kind === "basic" ? basicAuth(handler, auth) : bearerAuth(handler, auth);
}

/** Failures are answers of the route as all others: pages of other origins may read them too. */
function answerFailures(handler: Handler, { log, dev, label }: PolicyOptions): Handler {
  return async (request, info) => {
    try {
      return await handler(request, info);
    } catch (thrown) {
      const error = explain(thrown, request);
      if (!(error instanceof HttpError) || error.status >= 500) {
        log("warn", error instanceof Error ? error.message : String(error), { route: label, cause: causeOf(error) });
      }
      return errorResponse(error, { dev });
    }
  };
}

/** What broke off when the client left broke off because of that, as programs say it themselves. */
function explain(error: unknown, { signal }: Request): unknown {
  if (error instanceof HttpError || error instanceof ProgramError) return error;
  return signal.aborted ? clientGone(error) : error;
}

function causeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? cause.message : undefined;
}
