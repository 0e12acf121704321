/** When a certificate is renewed. */

import type { Life } from "./certificate_facts.ts";

/** A renewal is early by up to this part of the time that is left then, so that not all come at once. */
const JITTER = 0.25;

/** No more than this part of a certificate's life is left, whatever the config says: else a short one is always due. */
const LEFT_MAX = 0.4;

/**
 * When to renew.
 *
 * @param renewBeforeMs how long before the end
 * @param random gives numbers from 0 up to 1
 * @returns milliseconds of the epoch
 */
export function renewalTime({ from, until }: Life, renewBeforeMs: number, random: () => number = Math.random): number {
  const leftMs = Math.min(renewBeforeMs, LEFT_MAX * (until - from));
  return until - leftMs * (1 + JITTER * random());
}
