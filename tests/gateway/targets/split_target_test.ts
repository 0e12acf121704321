/** Shares of requests. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { splitTarget } from "../../../src/gateway/targets/split_target.ts";

/** How many of so many requests each part gets. */
async function sharesOf(weights: readonly number[], count: number, random?: () => number): Promise<number[]> {
  const shares = weights.map(() => 0);
  const parts = weights.map((weight, index) => ({
    weight,
    handler: () => {
      shares[index]++;
      return new Response();
    },
  }));
  const split = splitTarget(parts, random);
  for (let i = 0; i < count; i++) await split(new Request("http://x/"));
  return shares;
}

/** Numbers that are spread evenly. */
function even(count: number): () => number {
  let at = 0;
  return () => (at++ % count) / count;
}

Deno.test("shares are by weight, to the request", async () => {
  deepEqual(await sharesOf([90, 10], 1000, even(1000)), [900, 100]);
  deepEqual(await sharesOf([1, 2, 1], 400, even(400)), [100, 200, 100]);
  deepEqual(await sharesOf([0, 1, 0], 10, even(10)), [0, 10, 0]);
});

Deno.test("whatever rounding leaves goes to the last that has a share", async () => {
  deepEqual(await sharesOf([0.1, 0.2, 0], 5, () => 1), [0, 5, 0]);
});

Deno.test("by itself it draws evenly enough", async () => {
  const [most, few] = await sharesOf([90, 10], 2000);
  equal(most + few, 2000);
  ok(few > 100 && few < 320, `${few} of 2000`);
});

Deno.test("weights that make no share are refused", () => {
  for (const weights of [[], [0], [0, 0], [-1, 2], [NaN, 1], [Infinity, 1]]) {
    throws(() => splitTarget(weights.map((weight) => ({ weight, handler: () => new Response() }))), RangeError);
  }
});
