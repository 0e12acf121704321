import { deepEqual, equal, ok } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import {
  advance,
  idle,
  retryMs,
  type WakeCycle,
  type WakeEvent,
  type WakeRules,
} from "../../../src/loom/subscriptions/wake_cycle.ts";

const webhook: WakeRules = { type: "webhook", leaseMs: 5000 };
const pull: WakeRules = { type: "pull-wake", leaseMs: 5000 };

/** Takes steps one second apart, and tells at which a wake was announced. */
function run(rules: WakeRules, events: readonly WakeEvent[], from: WakeCycle = idle) {
  let cycle = from;
  const announced: number[] = [];
  events.forEach((event, i) => {
    const step = advance(cycle, event, i * 1000, rules);
    if (step.announce) announced.push(i);
    cycle = step.cycle;
  });
  return { cycle, announced };
}

const pending: WakeEvent = { kind: "pending", wakeId: "w1" };

Deno.test("a webhook is woken once, however much comes, until the work has ended", () => {
  const again: WakeEvent = { kind: "pending", wakeId: "w2" };
  const accepted: WakeEvent = { kind: "accepted", generation: 1 };
  const { cycle, announced } = run(webhook, [pending, again, accepted, again, { kind: "ended" }, again]);
  deepEqual(announced, [0, 5]);
  deepEqual(cycle, { generation: 2, failures: 0, wake: { id: "w2", phase: "announcing" } });
});

Deno.test("the lease of a webhook begins when it was accepted, and is renewed by callbacks", () => {
  const accepted = run(webhook, [pending, { kind: "accepted", generation: 1 }]).cycle;
  deepEqual(accepted.wake, { id: "w1", phase: "leased", dueAt: 6000 });
  const renewed = advance(accepted, { kind: "renewed" }, 4000, webhook).cycle;
  equal(renewed.wake?.dueAt, 9000);
  equal(advance(renewed, { kind: "due" }, 8999, webhook).cycle, renewed);
  deepEqual(advance(renewed, { kind: "due" }, 9000, webhook).cycle, { generation: 1, failures: 0 });
});

Deno.test("a wake that is refused is announced again with the same id and generation, later each time", () => {
  const refused: WakeEvent = { kind: "refused", generation: 1, jitter: 0.5 };
  let { cycle } = run(webhook, [pending]);
  const waits: number[] = [];
  for (let now = 0, i = 0; i < 8; i++) {
    cycle = advance(cycle, refused, now, webhook).cycle;
    equal(cycle.wake?.phase, "retrying");
    waits.push(cycle.wake!.dueAt! - now);
    now = cycle.wake!.dueAt!;
    const step = advance(cycle, { kind: "due" }, now, webhook);
    ok(step.announce);
    cycle = step.cycle;
    deepEqual(cycle.wake, { id: "w1", phase: "announcing" });
  }
  deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
  equal(cycle.generation, 1);
  equal(advance(cycle, { kind: "accepted", generation: 1 }, 0, webhook).cycle.failures, 0);
});

Deno.test("retries spread by a fifth and never wait longer than their bound", () => {
  equal(retryMs(0, 0), 800);
  equal(retryMs(0, 1), 1200);
  equal(retryMs(1e9, 1), limits.wakeRetryMsMax * 1.2);
});

Deno.test("an answer to an earlier wake changes nothing", () => {
  const second = run(webhook, [pending, { kind: "ended" }, { kind: "pending", wakeId: "w2" }]).cycle;
  equal(advance(second, { kind: "accepted", generation: 1 }, 0, webhook).cycle, second);
  equal(advance(second, { kind: "refused", generation: 1, jitter: 0 }, 0, webhook).cycle, second);
});

Deno.test("a callback that overtakes the webhook's answer counts, whatever the answer is", () => {
  const called = run(webhook, [pending, { kind: "renewed" }]).cycle;
  equal(called.wake?.phase, "leased");
  equal(advance(called, { kind: "refused", generation: 1, jitter: 0 }, 0, webhook).cycle, called);
  const ended = run(webhook, [pending, { kind: "ended" }]).cycle;
  equal(ended.wake, undefined);
  deepEqual(advance(ended, { kind: "accepted", generation: 1 }, 0, webhook).cycle, ended);
});

Deno.test("a pull-wake is offered without an end, and leased by who claims it", () => {
  const offered = run(pull, [pending, { kind: "accepted", generation: 1 }]).cycle;
  deepEqual(offered.wake, { id: "w1", phase: "offered" });
  const claimed = advance(offered, { kind: "claimed", worker: "a", wakeId: "unused" }, 1000, pull).cycle;
  deepEqual(claimed.wake, { id: "w1", phase: "leased", dueAt: 6000, holder: "a" });
  equal(advance(claimed, { kind: "claimed", worker: "b", wakeId: "unused" }, 1000, pull).cycle, claimed);
  equal(advance(claimed, { kind: "renewed" }, 2000, pull).cycle.wake?.holder, "a");
  equal(advance(claimed, { kind: "due" }, 6000, pull).cycle.wake, undefined);
});

Deno.test("a claim without a wake makes one, with a generation of its own and nothing to announce", () => {
  const { cycle, announced } = run(pull, [{ kind: "claimed", worker: "a", wakeId: "w9" }]);
  deepEqual(cycle, { generation: 1, failures: 0, wake: { id: "w9", phase: "leased", dueAt: 5000, holder: "a" } });
  deepEqual(announced, []);
});
