/** Pauses before trying again: they grow, and their length is random. */

/** How long pauses are. */
export interface Backoff {
  /** The longest first pause, milliseconds. */
  readonly firstMs: number;
  /** The longest pause of all, milliseconds. */
  readonly mostMs: number;
}

/** More doublings than lead to any pause worth waiting for. */
const DOUBLINGS_MAX = 32;

/**
 * Anything up to a bound that doubles: clients that lost the same server do not come back in one moment.
 *
 * @param failures how many there were in a row before this one
 * @param random gives numbers from 0 up to 1
 */
export function backoffMs(failures: number, { firstMs, mostMs }: Backoff, random: () => number = Math.random): number {
  const most = Math.min(firstMs * 2 ** Math.min(failures, DOUBLINGS_MAX), mostMs);
  return most * (0.25 + 0.75 * random());
}

/** Waits; a signal ends it with its reason. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal!.reason);
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener("abort", abort, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  });
}
