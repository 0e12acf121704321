/** How many calls are tried again. */

import { equal, ok, throws } from "node:assert/strict";
import { RetryBudget } from "../../../src/mesh/choose/retry_budget.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";

const FLOOR = meshLimits.retryFloor * meshLimits.retryWindowMs / 1000;

/** How many retries are allowed at once. */
function drain(budget: RetryBudget, nowMs: number): number {
  let count = 0;
  while (budget.tryWithdraw(nowMs)) count++;
  return count;
}

Deno.test("a fifth of all calls may be tried again", () => {
  const budget = new RetryBudget();
  for (let ms = 0; ms < 10_000; ms += 10) budget.deposit(ms);
  equal(drain(budget, 9999), 200);
  for (let i = 0; i < 5; i++) budget.deposit(9999);
  equal(drain(budget, 9999), 1);
});

Deno.test("who hardly calls may try again all the same, but not for ever", () => {
  const budget = new RetryBudget();
  equal(drain(budget, 0), FLOOR);
  equal(drain(budget, 999), 0);
  equal(drain(budget, meshLimits.retryWindowMs / 2), FLOOR / 2);
  equal(drain(budget, 3 * meshLimits.retryWindowMs), FLOOR);
});

Deno.test("what was earned long ago is lost", () => {
  const budget = new RetryBudget({ floorPerSecond: 0 });
  for (let i = 0; i < 10_000; i++) budget.deposit(0);
  ok(budget.tryWithdraw(meshLimits.retryWindowMs - 1));
  ok(!budget.tryWithdraw(meshLimits.retryWindowMs));
  for (let i = 0; i < 5; i++) budget.deposit(1e12);
  equal(drain(budget, 1e12), 1);
});

Deno.test("when every call fails, retries are a steady share once what was saved is spent", () => {
  const budget = new RetryBudget();
  for (let ms = 0; ms < 20_000; ms += 10) budget.deposit(ms);
  equal(drain(budget, 19_999), 200);
  for (let second = 20; second < 40; second++) {
    let retries = 0;
    for (let ms = second * 1000; ms < second * 1000 + 1000; ms += 10) {
      budget.deposit(ms);
      retries += drain(budget, ms);
    }
    ok(retries >= 19 && retries <= 21, `${retries} in second ${second}`);
  }
});

Deno.test("however calls come, no more of them are tried again than the share", () => {
  const budget = new RetryBudget({ floorPerSecond: 0 });
  let [calls, retries] = [0, 0];
  for (let ms = 0; ms < 60_000; ms += ms % 20_000 < 5000 ? 1 : 50) {
    budget.deposit(ms);
    calls++;
    for (let i = 0; i < 2; i++) if (budget.tryWithdraw(ms)) retries++;
    ok(retries <= calls * 0.2 + 1e-6);
  }
  ok(retries >= calls * 0.2 - 1);
});

Deno.test("options out of range are refused", () => {
  throws(() => new RetryBudget({ share: 1.5 }), RangeError);
  throws(() => new RetryBudget({ share: NaN }), RangeError);
  throws(() => new RetryBudget({ floorPerSecond: -1 }), RangeError);
});
