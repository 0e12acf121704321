import { equal, ok, rejects } from "node:assert/strict";
import { backoffMs, pause } from "../../src/net/backoff.ts";

const bounds = { firstMs: 100, mostMs: 5000 };

Deno.test("pauses double up to the longest, and the shortest is a quarter of it", () => {
  for (const [failures, most] of [[0, 100], [1, 200], [5, 3200], [6, 5000], [1000, 5000], [1e9, 5000]]) {
    equal(backoffMs(failures, bounds, () => 1), most);
    equal(backoffMs(failures, bounds, () => 0), most / 4);
  }
  equal(backoffMs(5000, { firstMs: 0, mostMs: 10 }), 0);
});

Deno.test("pauses are of random length", () => {
  const some = Array.from({ length: 200 }, () => backoffMs(0, bounds));
  ok(new Set(some).size > 100);
  ok(some.every((ms) => ms >= 25 && ms <= 100));
});

Deno.test("a pause ends by itself", async () => {
  await pause(1);
  await pause(1, new AbortController().signal);
});

Deno.test("a signal ends a pause with its reason, also one that was aborted before", async () => {
  const control = new AbortController();
  const reason = new Error("enough");
  const waiting = rejects(pause(1e9, control.signal), reason);
  control.abort(reason);
  await waiting;
  await rejects(pause(1e9, control.signal), reason);
});
