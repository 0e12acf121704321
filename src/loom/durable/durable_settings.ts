/** What all parts of the Durable Streams handler share. */

import { Budget } from "../../http/budget.ts";
import { limits } from "../../limits.ts";
import { type Log, silent } from "../../log.ts";
import { SharedEvents } from "./durable_events.ts";
import type { Fields } from "./stream_answers.ts";
import type { StreamStore } from "../stream_store.ts";

/** Options of the handler. */
export interface DurableOptions {
  /** How long a long-poll waits for more, milliseconds. */
  readonly longPollMs?: number;
  /** When the server ends a connection of events, milliseconds. */
  readonly eventStreamMs?: number;
  /** Largest catch-up answer, bytes. */
  readonly catchUpBytes?: number;
  /** Largest piece of a stream that becomes one event, bytes. */
  readonly eventBytes?: number;
  /** Largest body of an append, bytes. */
  readonly appendBytes?: number;
  /** Bodies of all appends that are held in memory, bytes. */
  readonly appendBodiesInAll?: number;
  /** Whether caches that serve several people may keep answers. Default: `private`, they may not. */
  readonly cache?: "public" | "private";
  /** Web pages that may use the streams from a browser: an origin, or `*` for all, the default. */
  readonly allowOrigin?: string;
  /** Ends all live reads, so that a server can stop: their clients come back and go on where they were. */
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Told of what is the server's fault. */
  readonly log?: Log;
}

/** Options with their defaults, and what lives as long as the handler. */
export interface DurableSettings {
  readonly store: StreamStore;
  readonly longPollMs: number;
  readonly eventStreamMs: number;
  readonly catchUpBytes: number;
  readonly appendBytes: number;
  readonly cache: "public" | "private";
  readonly signal?: AbortSignal;
  readonly clock: () => number;
  readonly log: Log;
  /** Fields that every answer carries. */
  readonly headers: Readonly<Fields>;
  /** What bodies of appends draw on. */
  readonly bodies: Budget;
  readonly events: SharedEvents;
}

/** Fills in what was not given. */
export function settle(store: StreamStore, options: DurableOptions): DurableSettings {
  return {
    store,
    longPollMs: options.longPollMs ?? limits.longPollMs,
    eventStreamMs: options.eventStreamMs ?? limits.eventStreamMs,
    catchUpBytes: options.catchUpBytes ?? limits.catchUpBytes,
    appendBytes: options.appendBytes ?? limits.appendBodyBytes,
    cache: options.cache ?? "private",
    signal: options.signal,
    clock: options.clock ?? Date.now,
    log: options.log ?? silent,
    headers: {
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "cross-origin",
      "access-control-allow-origin": options.allowOrigin ?? "*",
      "access-control-expose-headers": "*", // no answer is for requests with credentials, which alone would need a list
    },
    bodies: new Budget(options.appendBodiesInAll ?? limits.appendBodiesInAll),
    events: new SharedEvents(store, options.eventBytes ?? limits.eventBytes),
  };
}
