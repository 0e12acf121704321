/** By which name a request was let in: told by who asks for proof, read by what counts or logs. */

import { originalOf } from "../../http/served_request.ts";

const users = new WeakMap<Request, string>();

/** Says whose request it is. */
export function nameUser(request: Request, name: string): void {
  users.set(originalOf(request), name);
}

/** Whose request it is; undefined when nobody was asked for a proof. */
export function userOf(request: Request): string | undefined {
  return users.get(originalOf(request));
}
