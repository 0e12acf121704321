/** Where a stream is: a server's URL, the stream's id, and the token that opens it. */

import { checkId } from "../store/stream_ids.ts";

/** A stream on a server. */
export interface StreamTarget {
  /** The server's URL, such as `http://localhost:3060`; a path in it is kept. */
  readonly url: string | URL;
  /** The stream's id: 1 to 1024 bytes in segments divided by slashes. */
  readonly id: string;
  /** Sent as a bearer token. */
  readonly token?: string;
}

const TOKEN = /^[\x21-\x7e]+$/;

/**
 * The URL of something on a server.
 *
 * @param server its URL
 * @param path begins with a slash
 * @throws {TypeError} when it is no URL of a server
 */
export function serverUrl(server: string | URL, path: string): URL {
  const base = URL.parse(String(server));
  if (!base || !/^https?:$/.test(base.protocol)) {
    throw new TypeError(`Cannot use "${server}" as the server's URL: it is such as http://localhost:3060`);
  }
  if (base.username || base.password) {
    throw new TypeError("The server's URL can't hold a user name or password: the server takes tokens");
  }
  if (base.search || base.hash) {
    throw new TypeError(`Cannot use "${server}" as the server's URL: nothing may stand behind its path`);
  }
  return new URL(base.href.replace(/\/+$/, "") + path);
}

/**
 * The URL of a stream.
 *
 * @throws {TypeError} when the server's URL is none
 * @throws {StreamError} `invalid`, when the id is none
 */
export function streamUrl({ url, id }: StreamTarget): URL {
  checkId(id); // dots would be taken out of the URL on the way, and name another stream
  return serverUrl(url, "/v1/stream/" + id.split("/").map(encodeURIComponent).join("/"));
}

/**
 * The header fields that a token asks for.
 *
 * @throws {TypeError} when it can't be sent
 */
export function tokenHeaders(token: string | undefined): Record<string, string> {
  if (token === undefined) return {};
  if (!TOKEN.test(token)) throw new TypeError("A token is visible ASCII characters without spaces");
  return { authorization: `Bearer ${token}` };
}
