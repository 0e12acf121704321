/** Ways to a node: one after another, and not again and again in vain. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { firstOf } from "../../../src/mesh/node/first_of.ts";
import { HoldOff } from "../../../src/mesh/node/hold_off.ts";
import { News } from "../../../src/mesh/node/news.ts";
import { ManualClock, settle } from "../../support/mesh/manual_clock.ts";

/** Ways that a test decides about. */
function makeWays(count: number) {
  const asked: number[] = [];
  const all = Array.from({ length: count }, () => Promise.withResolvers<string>());
  const ways = all.map(({ promise }, i) => () => {
    asked.push(i);
    return promise;
  });
  return { asked, all, ways };
}

Deno.test("the next way is tried when the one before has failed, or takes some time", async () => {
  const clock = new ManualClock();
  const { asked, all, ways } = makeWays(4);
  const found = firstOf(ways, clock, 300);
  await settle();
  deepEqual(asked, [0]);
  all[0].reject(new Error("no"));
  await settle();
  deepEqual(asked, [0, 1]);
  clock.pass(299);
  await settle();
  deepEqual(asked, [0, 1]);
  clock.pass(1);
  await settle();
  deepEqual(asked, [0, 1, 2]);
  all[1].resolve("it");
  equal(await found, "it");
  deepEqual(asked, [0, 1, 2]);
  equal(clock.pending, 0);
});

Deno.test("when all have failed, the first failure is told", async () => {
  const clock = new ManualClock();
  const { all, ways } = makeWays(3);
  const found = rejects(firstOf(ways, clock, 300), /first/);
  clock.pass(300);
  await settle();
  clock.pass(300);
  await settle();
  for (const [i, name] of [[2, "third"], [0, "first"], [1, "second"]] as const) all[i].reject(new Error(name));
  await found;
  equal(clock.pending, 0);
});

Deno.test("what took long to fail is not tried again for twice as long; what failed at once is", () => {
  const clock = new ManualClock();
  const holdOff = new HoldOff(clock);
  const reach = { id: "a", addresses: ["tcp://1:1"], relays: [] };
  const error = new Error("no");
  holdOff.failed(reach, 0, error);
  equal(holdOff.errorFor(reach), undefined);
  holdOff.failed(reach, 1000, error);
  clock.pass(1999);
  equal(holdOff.errorFor(reach), error);
  clock.pass(1);
  equal(holdOff.errorFor(reach), undefined);
  holdOff.failed(reach, 60_000, error);
  clock.pass(meshLimits.holdOffMs);
  equal(holdOff.errorFor(reach), undefined);
});

Deno.test("a node that is told to be elsewhere, or has dialled itself, is tried at once", () => {
  const holdOff = new HoldOff(new ManualClock());
  const reach = { id: "a", addresses: ["tcp://1:1"], relays: [] };
  holdOff.failed(reach, 1000, new Error("no"));
  equal(holdOff.errorFor({ ...reach, addresses: ["tcp://2:2"] }), undefined);
  holdOff.failed(reach, 1000, new Error("no"));
  holdOff.reached("a");
  equal(holdOff.errorFor(reach), undefined);
});

Deno.test("of many nodes that are not there the latest are remembered", () => {
  const holdOff = new HoldOff(new ManualClock());
  const reach = (i: number) => ({ id: `n${i}`, addresses: [], relays: [] });
  for (let i = 0; i <= meshLimits.holdOffs; i++) holdOff.failed(reach(i), 1000, i);
  equal(holdOff.errorFor(reach(0)), undefined);
  equal(holdOff.errorFor(reach(1)), 1);
});

Deno.test("news are told at once, and those that follow soon together", () => {
  const clock = new ManualClock();
  const told: number[] = [];
  const news = new News(clock, 200, () => told.push(clock.nowMs()));
  news.changed();
  deepEqual(told, [0]);
  clock.pass(50);
  news.changed();
  news.changed();
  clock.pass(150);
  deepEqual(told, [0, 200]);
  clock.pass(1000);
  deepEqual(told, [0, 200]);
  news.changed();
  deepEqual(told, [0, 200, 1200]);
  news.changed();
  news.stop();
  news.changed();
  clock.pass(1000);
  deepEqual(told, [0, 200, 1200]);
  equal(clock.pending, 0);
});
