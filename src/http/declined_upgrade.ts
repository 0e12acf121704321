/**
 * Requests that ask for an upgrade and are answered as they are. Of what came together with one, node:http drops the rest:
 * were that the head of a next request, whose body comes later, the body would be taken for a request.
 */

import type { IncomingMessage } from "node:http";

/**
 * True for a request behind which something may be missing. Clients that offer HTTP/2 with the first request of each
 * connection, and wait for its answer, keep their connections.
 *
 * @param isFirst nothing came before it on its connection
 */
export function mayHideMore(incoming: IncomingMessage, isFirst: boolean): boolean {
  const { headers, socket } = incoming;
  if (headers.upgrade === undefined) return false;
  const hasBody = headers["transfer-encoding"] !== undefined || headers["content-length"] !== undefined;
  return !isFirst || hasBody || socket.bytesRead !== headBytes(incoming);
}

/** As heads are usually written; one that is written otherwise costs its client the connection. */
function headBytes({ method, url, rawHeaders }: IncomingMessage): number {
  const requestLine = `${method} ${url} HTTP/1.1\r\n`.length;
  // Each byte is one character; a line has a colon, a space, and its end.
  return rawHeaders.reduce((sum, text) => sum + text.length, requestLine + rawHeaders.length * 2) + 2;
}
