/** Everything that a stream store answers over HTTP. */

import type { Handler } from "../http/handler.ts";
import { problem } from "../http/problem.ts";
import type { Log } from "../log.ts";
import { classicHandler } from "./classic/classic_handler.ts";
import { durableHandler } from "./durable/durable_handler.ts";
import { spyHandler } from "./spy/spy.ts";
import type { StreamStore } from "./stream_store.ts";
import { isOpen as isOpenControl } from "./subscriptions/control_route.ts";
import type { SubscriptionKeeper } from "./subscriptions/keeper.ts";
import { subscriptionHandler } from "./subscriptions/subscription_handler.ts";

/** What the handler needs. */
export interface LoomHandlerOptions {
  readonly keeper: SubscriptionKeeper;
  /** Ends all live reads. */
  readonly signal: AbortSignal;
  readonly clock?: () => number;
  readonly log: Log;
  /** How long a long-poll waits, milliseconds. */
  readonly longPollMs?: number;
  /** URL under which webhooks reach the server. Default: that of the request by which they subscribed. */
  readonly baseUrl?: string;
  /** Allows webhooks on this machine. Default: true. */
  readonly localWebhooks?: boolean;
}

const DURABLE = "/v1/stream";
const CONTROL = "/v1/stream/__ds";
const CLASSIC = "/stream";
const SPY = "/spy";

/**
 * Makes the handler: the Durable Streams protocol below `/v1/stream`, its subscriptions below `/v1/stream/__ds`, the classic
 * API at `/stream`, and `/spy`. To be disposed before the store is closed.
 */
export async function loomHandler(store: StreamStore, options: LoomHandlerOptions): Promise<Handler & AsyncDisposable> {
  const { signal } = options;
  const subscriptions = await subscriptionHandler({ store, ...options });
  const durable = durableHandler(store, options);
  const classic = classicHandler(store, { signal });
  const spy = spyHandler(store, { signal });
  const handler: Handler = (request, info) => {
    const path = pathOf(request.url);
    if (isBelow(path, CONTROL)) return subscriptions(request, info);
    if (isBelow(path, DURABLE)) return durable(request, info);
    if (isBelow(path, CLASSIC)) return classic(request, info);
    if (path === SPY) return spy(request, info);
    return problem(404, `There is nothing at ${path}: streams are at ${DURABLE}/ID, ${CLASSIC}/ID and ${SPY}`);
  };
  return Object.assign(handler, { [Symbol.asyncDispose]: () => subscriptions[Symbol.asyncDispose]() });
}

/** Whether a request brings a proof of its own, or asks for what anybody may know. */
export function isOpen(request: Request): boolean {
  return isOpenControl(request.method, pathOf(request.url));
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === "/");
}

/** The path of an absolute URL; every request asks for it. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (start === -1) return "/";
  const end = url.search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, end);
}
