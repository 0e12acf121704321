/** What a server tells of a request that it received: its header fields as `Headers` has them, and when its client has gone. */

import type { ServerResponse } from "node:http";
import type { ReceivedBody } from "./received_body.ts";

/** The head of a request, as node:http gives it. */
export interface ReceivedHead {
  readonly method?: string;
  /** Name and value in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** By name in lower case, merged. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What a request is made of. */
export interface Received {
  readonly head: ReceivedHead;
  /** Its absolute form. */
  readonly url: string;
  /** Its body; undefined when it has none. */
  readonly body: ReceivedBody | undefined;
  /** Makes the signal that aborts when the client leaves before it has had its answer. */
  readonly untilGone: () => AbortSignal;
}

/** All header fields. */
export function headersOf({ head: { rawHeaders } }: Received): Headers {
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i], rawHeaders[i + 1]];
    // Cookies come apart in HTTP/2, and are one list of pairs all the same (RFC 9113 §8.2.3, RFC 6265 §5.4).
    const before = name.toLowerCase() === "cookie" ? headers.get(name) : null;
    if (before === null) headers.append(name, value);
    else headers.set(name, `${before}; ${value}`);
  }
  return headers;
}

/**
 * One of them, without making all; null when it is not there.
 *
 * @param name in lower case
 */
export function fieldIn({ head: { headers } }: Received, name: string): string | null {
  if (!Object.hasOwn(headers, name)) return null; // such as `constructor`, which every object has
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value ?? null;
}

/** Their bytes as they came. */
export function fieldBytesIn({ head: { rawHeaders } }: Received): number {
  // Each byte is one character; a line has a colon, a space, and its end.
  return rawHeaders.reduce((sum, text) => sum + text.length, rawHeaders.length * 2);
}

/** Aborts when the connection of an answer closes before it is out. */
export function untilClosed(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const look = () => {
    if (!outgoing.writableFinished) gone.abort();
  };
  if (outgoing.destroyed || outgoing.req.socket.destroyed) look();
  else outgoing.on("close", look);
  return gone.signal;
}
