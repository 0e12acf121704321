import { equal, ok } from "node:assert/strict";
import { AgreedTime } from "../../../src/mesh/discovery/agreed_time.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { VirtualClock } from "../../support/mesh/virtual_clock.ts";
import { idOf, MINUTE } from "./made.ts";

const YEAR = 365 * 24 * 60 * MINUTE;

function begin(aheadMs = 0) {
  const world = new VirtualClock(1);
  const clock = world.machine();
  clock.aheadMs = aheadMs;
  const time = new AgreedTime(clock);
  /** So many others say what time it is. */
  const hear = (count: number, ahead: number, first = 0) => {
    for (let i = first; i < first + count; i++) time.vote(idOf(i), world.wallMs() + ahead);
  };
  return { world, clock, time, hear, isRight: () => Math.abs(time.nowMs() - world.wallMs()) < 2 };
}

Deno.test("alone, a node believes its machine, also after its clock was set", () => {
  const { clock, time, world } = begin();
  equal(time.nowMs(), world.wallMs());
  clock.aheadMs = YEAR;
  equal(time.nowMs(), world.wallMs() + YEAR);
});

Deno.test("a machine whose clock is wrong is told the time by others, before and after its clock jumps", () => {
  for (const aheadMs of [-YEAR, YEAR]) {
    const { clock, hear, isRight } = begin(aheadMs);
    hear(5, 0);
    ok(isRight());
    clock.aheadMs = 0;
    ok(isRight());
    clock.aheadMs = 2 * aheadMs;
    hear(1, 0);
    ok(isRight());
  }
});

Deno.test("a few that lie don't change the time", () => {
  const { hear, isRight } = begin();
  hear(6, YEAR);
  hear(8, 0, 6);
  ok(isRight());
});

Deno.test("two nodes that disagree take the same time", () => {
  const [early, late] = [begin(0), begin(YEAR)];
  early.hear(1, YEAR);
  late.hear(1, 0);
  equal(early.time.nowMs(), late.time.nowMs());
});

Deno.test("only so many are asked, in no hurry, and a machine's own time is always thought possible", async () => {
  const { clock, time, hear, isRight, world } = begin();
  hear(meshLimits.clockVotes, 0);
  hear(100, YEAR, 100); // all at once
  ok(isRight());
  for (let i = 0; i < meshLimits.clockVotes; i++) {
    await world.pass(meshLimits.clockVoteMs);
    hear(1, YEAR, 200 + i);
  }
  equal(time.nowMs(), world.wallMs() + YEAR); // all that are asked say so
  equal(time.candidatesMs()[1], clock.wallMs());
});
