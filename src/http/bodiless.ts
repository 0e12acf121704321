/** Answers without a body. */

const STATUSES = new Set([204, 205, 304]);

/** True for a status whose answers have no body, whatever was asked (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
export function isBodiless(status: number): boolean {
  return STATUSES.has(status);
}
