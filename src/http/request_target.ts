/**
 * What a request wants to reach, as one URL. Whatever two readers of a request could take for two different things is
 * refused: one that stands before us may have let it pass for what it is not.
 *
 * Handlers see the URL as the URL standard writes it. `.` and `..` are resolved, also as `%2e`; all else that is encoded
 * stays so (`%2f`, `%00`), empty segments stay (`//evil` is a path), and what has no place in a URL is encoded. Of a target
 * in absolute form (RFC 9112 §3.2.2) only the path is taken; its authority has to be that of the `Host` field.
 * `OPTIONS *` is `/`.
 */

import type { IncomingMessage } from "node:http";
import { HttpError } from "../errors.ts";

/** A name, or an address in brackets; a port (RFC 9110 §7.2). Names of other alphabets come as `xn--`. */
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;

/** No fragment, and no backslash before the query: the URL standard takes it for a slash, and others don't. */
const TARGET = /^[^#\\?]*(?:\?[^#]*)?$/;

/**
 * Makes the URL.
 *
 * @param authority what is wanted by a client of HTTP/1.0 that names no host
 * @throws {HttpError} 400 when the target or the host is malformed, or ambiguous
 */
export function urlOf(incoming: IncomingMessage, scheme: "http" | "https", authority: string): string {
  const target = incoming.url!;
  const { host } = incoming.headers;
  if (host === undefined && incoming.httpVersion !== "1.0") throw new HttpError(400, "The request has no Host header");
  if (host !== undefined && !HOST.test(host)) throw malformed();
  if (!TARGET.test(target)) throw malformed();
  if (target.startsWith("/")) return made(scheme, host ?? authority, target);
  if (target === "*" && incoming.method === "OPTIONS") return made(scheme, host ?? authority, "/");
  if (!/^https?:\/\/[^/]/i.test(target)) throw malformed();
  const { protocol, username, password, pathname, search, host: wanted } = parse(target);
  if (username !== "" || password !== "" || parse(`${protocol}//${host ?? wanted}`).host !== wanted) throw malformed();
  return made(scheme, host ?? wanted, pathname + search);
}

function made(scheme: "http" | "https", host: string, rest: string): string {
  const url = parse(`${scheme}://${host}${rest}`);
  const { href } = url;
  if (href.startsWith(`${scheme}://${host}/`)) return href; // as nearly all are
  const name = host.toLowerCase().replace(/:\d*$/, "");
  // A number that is an address in other words, such as 0x7f.1, is another host to who compares letters.
  if (name !== url.hostname && !name.startsWith("[")) throw malformed();
  return href;
}

function parse(text: string): URL {
  const url = URL.parse(text);
  if (!url) throw malformed();
  return url;
}

function malformed(): HttpError {
  return new HttpError(400, "The request target or the Host header is malformed");
}
