/** How a server is to behave, and what it does unless it is told otherwise. */

import { limits } from "../limits.ts";
import type { OnAccess } from "./access.ts";
import type { Handler } from "./handler.ts";
import type { TlsHosts, TlsPair } from "./tls.ts";

/** Options of {@linkcode serveHttp}. */
export interface ServeOptions {
  /** Address to listen on. Default: 127.0.0.1. */
  readonly hostname?: string;
  /** Port to listen on, 0 for any free one. Default: 0. */
  readonly port?: number;
  /** Listen on a socket of the file system instead, which this user alone can connect to. */
  readonly path?: string;
  /** Let other processes listen on the same port, between which the system spreads connections. Default: false. */
  readonly reusePort?: boolean;
  /** Takes each request when its answer has ended, those too that no handler got because they are none. */
  readonly onAccess?: OnAccess;
  /** Show inner messages to the client. Default: false. */
  readonly dev?: boolean;
  /** Connections at a time; one more is closed at once. Default: what all servers have, half of the descriptors. */
  readonly connections?: number;
  /** Request line and header fields, bytes; more are answered 431. Default 2 MiB. */
  readonly requestHeadBytes?: number;
  /** How long a client may take to send its head, milliseconds; then it is answered 408. Default 15,000. */
  readonly requestHeadMs?: number;
  /** How long a client may send nothing of a body that is asked for, milliseconds. Default 30,000. */
  readonly requestBodyIdleMs?: number;
  /** How long a client may take nothing of an answer, milliseconds. Default 60,000. */
  readonly responseStallMs?: number;
  /** How long an idle connection is kept, milliseconds; 0 closes each behind its first answer. Default 60,000. */
  readonly keepAliveMs?: number;
  /** Let `route()`, a hub's `fetch` and the like take over connections of requests that ask for WebSocket. Default: false. */
  readonly upgrade?: boolean;
  /** Speak TLS: with one certificate, or with one for each name. */
  readonly tls?: TlsPair | TlsHosts;
}

/** What all parts of a server know of it. */
export interface Front {
  readonly handler: Handler;
  readonly scheme: "http" | "https";
  /** What a request is taken to want that names no host: known when it listens. */
  authority: string;
  /** It ends: answers are the last of their connections. */
  isClosing: boolean;
  readonly onAccess: OnAccess | undefined;
  readonly dev: boolean;
  readonly requestHeadBytes: number;
  readonly requestHeadMs: number;
  readonly requestBodyIdleMs: number;
  readonly responseStallMs: number;
  readonly keepAliveMs: number;
}

/**
 * Fills in what was left out.
 *
 * @throws {TypeError} when it is told two places to listen on
 * @throws {RangeError} when a bound is none
 */
export function settle(handler: Handler, options: ServeOptions): Front {
  if (options.path !== undefined && (options.hostname !== undefined || options.port !== undefined)) {
    throw new TypeError(`Cannot listen on ${options.path} and on a port: leave out one of them`);
  }
  return {
    handler,
    scheme: options.tls ? "https" : "http",
    authority: "localhost",
    isClosing: false,
    onAccess: options.onAccess,
    dev: options.dev ?? false,
    requestHeadBytes: bound(options, "requestHeadBytes", 1),
    requestHeadMs: bound(options, "requestHeadMs", 1),
    requestBodyIdleMs: bound(options, "requestBodyIdleMs", 1),
    responseStallMs: bound(options, "responseStallMs", 1),
    keepAliveMs: bound(options, "keepAliveMs", 0),
  };
}

type Bound = "requestHeadBytes" | "requestHeadMs" | "requestBodyIdleMs" | "responseStallMs" | "keepAliveMs";

/** The largest that a timer takes, and a parser's size: beyond it, both begin at 0 again. */
const BOUND_MAX = 2 ** 31 - 1;

function bound(options: ServeOptions, name: Bound, min: number): number {
  const value = options[name] ?? limits[name];
  if (Number.isInteger(value) && value >= min && value <= BOUND_MAX) return value;
  throw new RangeError(`Cannot serve with ${name} ${value}: it is a whole number from ${min} to ${BOUND_MAX}`);
}
