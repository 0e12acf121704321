/** Trace Context (W3C Recommendation, level 1): what tells the parts of a system that they work on the same request. */

import type { RequestInfo, TraceContext } from "./handler.ts";
import { fieldOfRequest } from "./served_request.ts";

/** What a `traceparent` says. */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the span that asks. */
  readonly parentId: string;
  /** Whoever asks may have recorded it. */
  readonly sampled: boolean;
}

/** Version, trace, span, flags, and behind a dash what later versions may add (§3.2.2, §3.2.4). */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NOTHING = /^0+$/;
const SAMPLED = 1;

/**
 * Reads a `traceparent`.
 *
 * @returns undefined when it is not valid, which is to be treated as if it was not there (§4.3)
 */
export function parseTraceparent(field: string): TraceParent | undefined {
  const [, version, traceId, parentId, flags, rest] = TRACEPARENT.exec(field) ?? [];
  if (version === undefined || version === "ff" || NOTHING.test(traceId) || NOTHING.test(parentId)) return undefined;
  if (version === "00" && rest !== undefined) return undefined;
  return { traceId, parentId, sampled: (parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** Writes a `traceparent` of version 00, with the only flag that it knows. */
export function formatTraceparent({ traceId, parentId, sampled }: TraceParent): string {
  return `00-${traceId}-${parentId}-${sampled ? "01" : "00"}`;
}

/**
 * Takes part in a trace: the one that the fields tell of, in a span of our own, or a new one where they tell of none. A new
 * one is marked as sampled: else the usual sampler of a program, which does as its parent did, would record none at all.
 *
 * @param traceparent the request's field, or null
 * @param tracestate the request's fields, joined by commas, or null
 */
export function joinTrace(traceparent: string | null, tracestate: string | null): TraceContext {
  const parent = traceparent === null ? undefined : parseTraceparent(traceparent);
  const parentId = randomHex(8);
  if (!parent) {
    return {
      traceparent: formatTraceparent({ traceId: randomHex(16), parentId, sampled: true }),
      tracestate: undefined,
    };
  }
  return {
    traceparent: formatTraceparent({ ...parent, parentId }),
    tracestate: tracestate === null ? undefined : checkTracestate(tracestate),
  };
}

/** What is known of a request, and the trace that it belongs to: for those who ask several handlers because of it. */
export function withTrace(request: Request, info: RequestInfo = {}): RequestInfo & { readonly trace: TraceContext } {
  return { ...info, trace: traceOf(request, info) };
}

/** The trace of a request, in a span of its own. */
export function traceOf(request: Request, { trace }: RequestInfo): TraceContext {
  if (trace) return joinTrace(trace.traceparent, trace.tracestate ?? null);
  return joinTrace(fieldOfRequest(request, "traceparent"), fieldOfRequest(request, "tracestate"));
}

/** Members that a list may have (§3.3.1.1). */
const MEMBERS_MAX = 32;
/** A key, of one system or of a tenant's, and a value that does not end in a space (§3.3.1.3). */
const MEMBER =
  /^(?:[a-z][a-z0-9_*\/-]{0,255}|[a-z0-9][a-z0-9_*\/-]{0,240}@[a-z][a-z0-9_*\/-]{0,13})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/** A list as it goes on, without empty members; undefined when it is not valid and has to be dropped (§4.3). */
function checkTracestate(list: string): string | undefined {
  const members = list.split(",").map((member) => member.replace(/^[ \t]+|[ \t]+$/g, "")).filter((member) =>
    member !== ""
  );
  if (members.length === 0 || members.length > MEMBERS_MAX) return undefined;
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf("="))));
  return keys.size === members.length && members.every((member) => MEMBER.test(member)) ? members.join(",") : undefined;
}

/** Random bytes in hexadecimal digits, not all of which are 0: those would say that there is no trace. */
function randomHex(bytes: number): string {
  for (;;) {
    const digits = crypto.getRandomValues(new Uint8Array(bytes)).toHex();
    if (!NOTHING.test(digits)) return digits;
  }
}
