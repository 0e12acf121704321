/** How a client is told that it has to prove who it is (RFC 9110 §11.6.1). */

import { problem } from "../../http/problem.ts";

/** The answer to who has given no proof, or a wrong one. */
export function refuse(detail: string, challenge: string): Response {
  return problem(401, detail, { headers: { "www-authenticate": challenge } });
}

/**
 * A realm as a quoted string.
 *
 * @throws {TypeError} for one that no header field can hold
 */
export function quoted(realm: string): string {
  if (!/^[\x20-\x7e]*$/.test(realm)) {
    throw new TypeError(`Cannot name the realm ${JSON.stringify(realm)}: it has characters beyond ASCII`);
  }
  return `"${realm.replace(/["\\]/g, "\\$&")}"`;
}
