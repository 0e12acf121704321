/**
 * Tokens that let a worker acknowledge what it was woken for. A token belongs to one wake of one subscription: it is the
 * number of that wake and a keyed hash over both, so that nothing has to be stored and all of them outlive the server.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";

/** What a token is for. */
export interface TokenSubject {
  /** Id of the subscription. */
  readonly id: string;
  /** Unlike that of any other subscription that had or gets the same id. */
  readonly birth: string;
}

const PATTERN = /^(\d{1,15})\.([A-Za-z0-9_-]{43})$/;

/** Bytes of the key. */
export const TOKEN_KEY_BYTES = 32;

/** Writes a token. */
export function writeToken(key: Uint8Array, subject: TokenSubject, generation: number): string {
  return `${generation}.${mac(key, subject, generation).toString("base64url")}`;
}

/**
 * Reads a token.
 *
 * @returns the generation it was written for; undefined when it was not written for this subscription, or not by us
 */
export function readToken(key: Uint8Array, subject: TokenSubject, token: string): number | undefined {
  const parts = PATTERN.exec(token);
  if (!parts) return undefined;
  const generation = Number(parts[1]);
  const given = Buffer.from(parts[2], "base64url");
  const expected = mac(key, subject, generation);
  return given.length === expected.length && timingSafeEqual(given, expected) ? generation : undefined;
}

function mac(key: Uint8Array, { id, birth }: TokenSubject, generation: number): Buffer {
  return createHmac("sha256", key).update(JSON.stringify(["wake", id, birth, generation])).digest();
}
