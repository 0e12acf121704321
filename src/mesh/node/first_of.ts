/** Tries ways to the same end, one after another, without waiting long for any. */

import type { Clock } from "../clock.ts";

/**
 * Takes the first that succeeds. Each begins when the one before has failed, or has taken some time (as RFC 8305 has it for
 * addresses of a host); those that come too late go on by themselves.
 *
 * @throws what the first one has failed with, when all have
 */
export async function firstOf<Result>(
  ways: readonly (() => Promise<Result>)[],
  clock: Clock,
  delayMs: number,
): Promise<Result> {
  const attempts: Promise<Result>[] = [];
  let isFound = false;
  let goOn = () => {};
  for (const way of ways) {
    const attempt = way();
    attempts.push(attempt);
    const next = new Promise<void>((resolve) => goOn = resolve);
    const stopClock = clock.after(delayMs, goOn);
    const fail = goOn; // what went wrong is told below
    attempt.then(() => {
      isFound = true;
      goOn();
    }, fail);
    if (attempts.length < ways.length) await next;
    stopClock();
    if (isFound) break;
  }
  try {
    return await Promise.any(attempts);
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}
