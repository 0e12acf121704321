/** The client that a proxy before us names: whoever asks it, while the connection is the proxy's own. */

import { fieldOfRequest } from "../../http/served_request.ts";

/** Longest element that is looked at, characters: quotes that do not end must cost little. */
const ELEMENT_MAX = 512;

/**
 * The last that `X-Forwarded-For` names, or `Forwarded` (RFC 7239 §5.2) where that is not there: each proxy adds to the
 * end, and what stands before was written by whoever asked it. Undefined when none is named.
 */
export function forwardedClient(request: Request): string | undefined {
  const list = fieldOfRequest(request, "x-forwarded-for");
  const last = list === null
    ? lastFor((fieldOfRequest(request, "forwarded") ?? "").slice(-ELEMENT_MAX))
    : list.split(",").at(-1)!.trim();
  return withoutPort(last) || undefined;
}

/** `for` of the last element; empty when it has none. */
function lastFor(forwarded: string): string {
  const elements = forwarded.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? [];
  const pair = /(?:^|;)\s*for\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))/i.exec(elements.at(-1)?.trim() ?? "");
  return pair?.[1]?.replace(/\\(.)/g, "$1") ?? pair?.[2] ?? "";
}

/** Ports differ with each connection. */
function withoutPort(node: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(node);
  if (bracketed) return bracketed[1];
  return node.split(":").length === 2 ? node.slice(0, node.indexOf(":")) : node;
}
