/** What keeps a stream's content from running as a page of the server that keeps it. */

/** Types that a browser shows as text, or not at all. */
const INERT = /^(?:text\/plain|text\/event-stream|application\/(?:json|octet-stream|x-ndjson))[ \t]*(?:;|$)/i;

/**
 * Header fields for an answer with content of a type. A page of plain text is not sandboxed: it would have no origin, and
 * who looks at a stream in a browser could not follow it from there.
 */
export function contentGuard(contentType: string): Record<string, string> {
  return INERT.test(contentType) ? {} : { "content-security-policy": "sandbox" };
}
