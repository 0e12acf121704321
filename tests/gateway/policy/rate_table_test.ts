/** Buckets, beside a plain model of one. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { RateTable } from "../../../src/gateway/policy/rate_table.ts";
import { randomFrom } from "../../support/random.ts";

Deno.test("a full bucket gives its burst at once, and then one at each step of the even pace", () => {
  const table = new RateTable({ requests: 10, windowMs: 1000, burst: 3 }, 100);
  deepEqual([1, 2, 3, 4].map(() => table.take("a", 0)), [
    { allowed: true, remaining: 2, moreMs: 100 },
    { allowed: true, remaining: 1, moreMs: 100 },
    { allowed: true, remaining: 0, moreMs: 100 },
    { allowed: false, remaining: 0, moreMs: 100 },
  ]);
  deepEqual(table.take("a", 60), { allowed: false, remaining: 0, moreMs: 40 });
  deepEqual(table.take("a", 100), { allowed: true, remaining: 0, moreMs: 100 });
  deepEqual(table.take("a", 150), { allowed: false, remaining: 0, moreMs: 50 });
  equal(table.take("b", 150).remaining, 2);
});

Deno.test("who is refused loses nothing by it", () => {
  const table = new RateTable({ requests: 1, windowMs: 1000, burst: 1 }, 100);
  equal(table.take("a", 0).allowed, true);
  for (let now = 1; now < 1000; now++) equal(table.take("a", now).allowed, false);
  equal(table.take("a", 1000).allowed, true);
});

Deno.test("a bucket without a burst still holds one", () => {
  const table = new RateTable({ requests: 1, windowMs: 1000, burst: 0 }, 100);
  deepEqual([table.take("a", 0).allowed, table.take("a", 0).allowed], [true, false]);
});

Deno.test("it does what a plain bucket does", () => {
  const random = randomFrom(7);
  for (const rate of [{ requests: 3, windowMs: 1000, burst: 5 }, { requests: 7, windowMs: 60_000, burst: 2 }]) {
    const table = new RateTable(rate, 1000);
    const perMs = rate.requests / rate.windowMs;
    const buckets = Array.from({ length: 4 }, () => ({ tokens: rate.burst, at: 0 }));
    let now = 0;
    for (let i = 0; i < 3000; i++) {
      now += random(Math.ceil(1 / perMs / 2));
      const index = random(buckets.length);
      const bucket = buckets[index];
      bucket.tokens = Math.min(rate.burst, bucket.tokens + (now - bucket.at) * perMs);
      bucket.at = now;
      const allowed = bucket.tokens >= 1 - 1e-9;
      if (allowed) bucket.tokens--;
      const verdict = table.take(String(index), now);
      deepEqual([verdict.allowed, verdict.remaining], [allowed, Math.floor(bucket.tokens + 1e-9)], `at ${now}`);
    }
  }
});

Deno.test("it remembers so many, forgets the longest silent, and those that are full again", () => {
  const table = new RateTable({ requests: 1, windowMs: 1000, burst: 1 }, 100);
  equal(table.take("first", 0).allowed, true);
  for (let i = 0; i < 90; i++) table.take(`early ${i}`, 0);
  equal(table.take("first", 0).allowed, false);
  for (let i = 0; i < 1000; i++) table.take(`late ${i}`, 0);
  ok(table.size <= 200, String(table.size));
  equal(table.take("late 999", 0).allowed, false);
  equal(table.take("first", 0).allowed, true);
  for (const now of [1000, 2000, 3000]) table.take("later", now);
  ok(table.size <= 2, String(table.size));
});
