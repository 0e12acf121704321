/** Which provider is chosen. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { Chooser, type ChooserOptions } from "../../../src/mesh/choose/chooser.ts";
import type { Outcome } from "../../../src/mesh/choose/circuit.ts";
import type { Candidate } from "../../../src/mesh/choose/nearness.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { fractions } from "./simulated_service.ts";

const none: ReadonlySet<string> = new Set();
const named = (...keys: string[]): Candidate[] => keys.map((key) => ({ key }));

function chooser(options: Partial<ChooserOptions> = {}): Chooser {
  return new Chooser({ random: fractions(7), ...options });
}

/** A call that takes some milliseconds up to a moment. */
function call(chooser: Chooser, key: string, nowMs: number, ms = 5, outcome: Outcome = "ok"): void {
  chooser.begin(key, nowMs - ms).ended(nowMs, outcome);
}

function eject(chooser: Chooser, key: string, nowMs: number): void {
  for (let i = 0; i < meshLimits.ejectFailures; i++) call(chooser, key, nowMs, 0, "failed");
}

/** Who is picked in many picks. */
function picked(chooser: Chooser, among: readonly Candidate[], nowMs: number, tried = none): string[] {
  const keys = new Set(Array.from({ length: 100 }, () => chooser.pick(among, tried, nowMs)?.key ?? "none"));
  return [...keys].sort();
}

Deno.test("of nobody there is nobody, of one there is that one, and who was tried is not picked again", () => {
  const c = chooser();
  const ab = named("a", "b");
  equal(c.pick([], none, 0), undefined);
  equal(c.pick(ab.slice(0, 1), none, 0), ab[0]);
  deepEqual(picked(c, ab, 0), ["a", "b"]);
  deepEqual(picked(c, ab, 0, new Set(["a"])), ["b"]);
  deepEqual(picked(c, ab, 0, new Set(["a", "b"])), ["none"]);
});

Deno.test("of two the quicker one is picked, until it has that much more to do", () => {
  const c = chooser();
  call(c, "a", 0, 10);
  call(c, "b", 0, 15);
  const ab = named("a", "b");
  deepEqual(picked(c, ab, 0), ["a"]);
  const first = c.begin("a", 0);
  deepEqual(picked(c, ab, 0), ["b"]);
  first.answered(1);
  deepEqual(picked(c, ab, 1), ["b"], "a body that is still sent is work too");
  first.ended(1, "ok");
  deepEqual(picked(c, ab, 1), ["a"]);
});

Deno.test("a new provider is asked once before it is compared, and not again until it has answered", () => {
  const c = chooser();
  for (const key of ["a", "b"]) call(c, key, 0, 5);
  const abc = named("a", "b", "new");
  ok(picked(c, abc, 0).includes("new"));
  c.begin("new", 0);
  ok(!picked(c, abc, 1).includes("new"));
});

Deno.test("calls that stay under way are spread evenly", () => {
  const c = chooser();
  const ten = named(..."abcdefghij");
  const counts = new Map<string, number>();
  for (let i = 0; i < 1000; i++) {
    const { key } = c.pick(ten, none, 0)!;
    c.begin(key, 0);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  ok([...counts.values()].every((count) => count >= 96 && count <= 104), [...counts.values()].join(" "));
});

Deno.test("a call that waits longer than expected is bad news before it ends", () => {
  const c = chooser();
  for (const key of ["a", "b"]) call(c, key, 0, 10);
  const ab = named("a", "b");
  const silent = c.begin("a", 0);
  const others = [c.begin("b", 0), c.begin("b", 0), c.begin("b", 0)];
  for (const other of others) other.answered(5);
  deepEqual(picked(c, ab, 5), ["a"]);
  deepEqual(picked(c, ab, 60), ["b"]);
  silent.ended(70, "cancelled");
  ok(picked(c, ab, 70).includes("b"), "and is not forgotten when its caller has gone");
});

Deno.test("any of the calls that wait may be answered first", () => {
  const c = chooser();
  const attempts = Array.from({ length: 6 }, (_, i) => c.begin("a", i));
  for (const i of [2, 5, 0, 4, 1, 3]) {
    attempts[i].answered(10);
    attempts[i].answered(10_000);
  }
  for (const attempt of attempts) attempt.ended(20, "ok");
  for (const attempt of attempts) attempt.ended(20, "failed");
  for (const key of ["b", "c"]) call(c, key, 20, 100);
  deepEqual(picked(c, named("a", "b"), 20), ["a"]);
});

Deno.test("failures that come at once attract nobody", () => {
  const c = chooser();
  for (const key of ["a", "b"]) call(c, key, 0, 10);
  for (let i = 0; i < 3; i++) call(c, "a", 1 + i, 0.1, "failed");
  deepEqual(picked(c, named("a", "b"), 5), ["b"]);
});

Deno.test("a slow provider is asked again, but only now and then while it stays slow", () => {
  const c = chooser();
  const ab = named("a", "b");
  let slow = 0;
  for (let i = 0, nowMs = 0; i < 4000; i++, nowMs += 1000) {
    const { key } = c.pick(ab, none, nowMs)!;
    if (key === "a") slow++;
    call(c, key, nowMs + 1, key === "a" ? 205 : 5);
  }
  ok(slow > 2 && slow <= 4000 * meshLimits.trialShare + 3, String(slow));
  let nowMs = 4_000_000;
  for (let i = 0; i < 2 / meshLimits.trialShare; i++, nowMs += 1000) {
    const { key } = c.pick(ab, none, nowMs)!;
    call(c, key, nowMs + 1);
  }
  let quick = 0;
  for (let i = 0; i < 100; i++, nowMs += 1000) {
    const { key } = c.pick(ab, none, nowMs)!;
    if (key === "a") quick++;
    call(c, key, nowMs + 1);
  }
  ok(quick > 20, "and has its part again when it is quick again");
});

Deno.test("one that is ejected is passed over, and gets a probe when its time is over", () => {
  const c = chooser();
  const abc = named("a", "b", "c");
  for (const { key } of abc) call(c, key, 0);
  eject(c, "a", 0);
  ok(!picked(c, abc, 1).includes("a"));
  deepEqual(picked(c, abc, 1, new Set(["b", "c"])), ["a"], "but nobody else is left");
  const nowMs = meshLimits.ejectFirstMs;
  ok(picked(c, abc, nowMs).includes("a"));
  const probe = c.begin("a", nowMs);
  ok(!picked(c, abc, nowMs).includes("a"));
  probe.ended(nowMs + 5, "ok");
  for (const key of ["b", "c"]) c.begin(key, nowMs);
  ok(picked(c, abc, nowMs + 5).includes("a"));
});

Deno.test("no more than half are ejected; of those that were, the ones longest without failure are back", () => {
  const c = chooser();
  for (const [i, key] of ["a", "b", "c"].entries()) eject(c, key, i);
  deepEqual(picked(c, named("a", "b", "c", "d"), 3), ["d"]);
  ok(!picked(c, named("a", "b", "c"), 3).includes("c"));
  deepEqual(picked(c, named("a"), 3), ["a"]);
  call(c, "a", 4, 0, "failed");
  deepEqual(picked(c, named("a", "b"), 4), ["b"]);
});

Deno.test("one that refuses is passed over shortly", () => {
  const c = chooser();
  call(c, "a", 0, 1, "refused");
  deepEqual(picked(c, named("a", "b", "c"), 1), ["b", "c"]);
  const again = chooser();
  for (const key of ["a", "b"]) call(again, key, 0, 5);
  call(again, "a", 0, 1, "refused");
  again.begin("b", 0);
  deepEqual(picked(again, named("a", "b"), 1), ["b"]);
  deepEqual(picked(again, named("a", "b"), meshLimits.restFirstMs), ["a"]);
});

Deno.test("among a thousand, those that are ejected or were tried are not picked", () => {
  const c = chooser();
  const many = Array.from({ length: 1000 }, (_, i) => ({ key: String(i) }));
  for (let i = 0; i < 400; i++) eject(c, String(i), 0);
  const tried = new Set(Array.from({ length: 300 }, (_, i) => String(400 + i)));
  for (const key of picked(c, many, 1, tried)) ok(Number(key) >= 700, key);
  for (let i = 400; i < 700; i++) eject(c, String(i), 1);
  for (const key of picked(c, many, 2)) ok(Number(key) < 200 || Number(key) >= 700, key);
  const allBut = new Set(many.slice(0, 999).map(({ key }) => key));
  deepEqual(picked(c, many, 2, allBut), ["999"]);
});

Deno.test("the nearest is picked, as long as it is well and costs not much more", () => {
  const c = chooser({ locality: "first", zone: "here" });
  const all: Candidate[] = [{ key: "far", zone: "there" }, { key: "zone", zone: "here" }, {
    key: "own",
    isLocal: true,
  }];
  deepEqual(picked(c, all, 0), ["own"]);
  for (const { key } of all) call(c, key, 0, 10);
  const load = Array.from({ length: meshLimits.localityTimes }, () => c.begin("own", 0));
  deepEqual(picked(c, all, 0), ["zone"]);
  for (const attempt of load) attempt.ended(10, "ok");
  deepEqual(picked(c, all, 10), ["own"]);
  eject(c, "own", 11);
  deepEqual(picked(c, all, 11), ["zone"]);
  deepEqual(picked(c, all, 11, new Set(["zone"])), ["far"]);
  deepEqual(picked(c, all, 11 + meshLimits.ejectFirstMs), ["own"], "the probe goes there first");
});

Deno.test("without locality nobody is nearer, and without a zone of one's own no zone is", () => {
  const all: Candidate[] = [{ key: "far" }, { key: "own", isLocal: true }];
  deepEqual(picked(chooser(), all, 0), ["far", "own"]);
  const zones: Candidate[] = [{ key: "a" }, { key: "b", zone: "x" }];
  deepEqual(picked(chooser({ locality: "first" }), zones, 0), ["a", "b"]);
});

Deno.test("providers that no call goes to any more are forgotten, and never more than so many are known", () => {
  const c = chooser();
  for (let i = 0; i < 2 * meshLimits.providersKnown; i++) call(c, String(i), i / 1000);
  equal(c.size, meshLimits.providersKnown);
  const waits = c.begin("waits", 100);
  const nowMs = 101 + 2 * meshLimits.providerForgetMs;
  for (let i = 0; i < meshLimits.providersKnown + 10; i++) call(c, "new", nowMs);
  equal(c.size, 2, "what has calls under way is known until they have ended");
  waits.ended(nowMs, "ok");
  for (let i = 0; i < 2; i++) call(c, "new", nowMs + 1);
  equal(c.size, 1);
});
