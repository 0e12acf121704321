/** Shares requests out among several targets by weight. */

import type { Handler } from "../../http/handler.ts";

/** One of them. */
export interface SplitPart {
  readonly weight: number;
  readonly handler: Handler;
}

/**
 * Makes the target. Each request is drawn anew, so that the shares are even whatever clients there are.
 *
 * @param random from 0 to below 1
 * @throws {RangeError} for weights that no share can be made of
 */
export function splitTarget(parts: readonly SplitPart[], random: () => number = Math.random): Handler {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0 && total < Infinity) || parts.some(({ weight }) => !(weight >= 0))) {
    const weights = parts.map(({ weight }) => weight).join("/");
    throw new RangeError(`Cannot split by ${weights}: weights are 0 or more, and one is more`);
  }
  const last = parts.findLast(({ weight }) => weight > 0)!; // what rounding leaves over
  return (request, info) => {
    let left = random() * total;
    const part = parts.find(({ weight }) => (left -= weight) < 0) ?? last;
    return part.handler(request, info);
  };
}
