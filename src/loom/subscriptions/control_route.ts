/** The paths of the subscription API. */

import { limits } from "../../limits.ts";
import { CONTROL_PATH } from "./announce.ts";
import { SubscriptionError } from "./subscription_error.ts";
import { readPath } from "./subscription_request.ts";

/** What a path leads to. */
export type ControlRoute =
  | { readonly kind: "keys" }
  | { readonly kind: "subscription" | "streams"; readonly id: string }
  | { readonly kind: "stream"; readonly id: string; readonly path: string }
  | { readonly kind: WorkKind; readonly id: string };

/** What workers do. */
export type WorkKind = "callback" | "claim" | "ack" | "release";

const WORK: readonly string[] = ["callback", "claim", "ack", "release"] satisfies WorkKind[];

/**
 * Whether a request is let in by what it brings itself, or needs no leave: the reports of workers carry the token of
 * their wake, and the keys are public. The server's own tokens are not to be asked for there.
 */
export function isOpen(method: string, pathname: string): boolean {
  if (!pathname.startsWith(CONTROL_PATH)) return false;
  const rest = pathname.slice(CONTROL_PATH.length);
  if (rest === "jwks.json") return method === "GET";
  return method === "POST" && /^subscriptions\/[^/]+\/(callback|ack|release)$/.test(rest);
}

/**
 * Reads a path.
 *
 * @throws {SubscriptionError} `NOT_FOUND`, `INVALID_REQUEST`
 */
export function readRoute(pathname: string): ControlRoute {
  if (pathname === CONTROL_PATH + "jwks.json") return { kind: "keys" };
  const [, name, action, rest] = /^subscriptions\/([^/]+)(?:\/([^/]+)(?:\/(.+))?)?$/.exec(
    pathname.startsWith(CONTROL_PATH) ? pathname.slice(CONTROL_PATH.length) : "",
  ) ?? [];
  if (name === undefined) throw notFound();
  const id = readId(name);
  if (action === undefined) return { kind: "subscription", id };
  if (action === "streams" && rest === undefined) return { kind: "streams", id };
  if (action === "streams") return { kind: "stream", id, path: readPath(decode(rest), "The stream") };
  if (rest === undefined && WORK.includes(action)) return { kind: action as WorkKind, id };
  throw notFound();
}

function readId(text: string): string {
  const id = decode(text);
  if (/\p{Cc}|\p{Cs}/u.test(id)) throw invalid("The id of a subscription has no control characters");
  if (new TextEncoder().encode(id).byteLength <= limits.subscriptionIdBytes) return id;
  throw invalid(`The id of a subscription has at most ${limits.subscriptionIdBytes} bytes`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("The path is not UTF-8 in percent-encoding");
  }
}

function invalid(message: string): SubscriptionError {
  return new SubscriptionError("INVALID_REQUEST", message);
}

function notFound(): SubscriptionError {
  return new SubscriptionError("NOT_FOUND", "There is no such control path");
}
