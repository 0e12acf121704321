/** When a provider is asked no more, and when again. */

import { equal, ok } from "node:assert/strict";
import { Circuit, type Outcome } from "../../../src/mesh/choose/circuit.ts";
import { FailureRate } from "../../../src/mesh/choose/failure_rate.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";

/** Without chance: each pause is as long as it may be. */
const longest = () => 1 - Number.EPSILON;

/** A call of its own, from its start to its end. */
function call(circuit: Circuit, nowMs: number, outcome: Outcome, endMs = nowMs): void {
  const isProbe = circuit.begin(nowMs);
  circuit.end({ begunMs: nowMs, isProbe }, outcome, endMs);
}

function ejected(nowMs = 0): Circuit {
  const circuit = new Circuit(longest);
  for (let i = 0; i < meshLimits.ejectFailures; i++) call(circuit, nowMs, "failed");
  return circuit;
}

Deno.test("several failures in a row eject a provider, fewer or others between them do not", () => {
  const circuit = new Circuit(longest);
  for (let round = 0; round < 3; round++) {
    for (let i = 1; i < meshLimits.ejectFailures; i++) call(circuit, 0, "failed");
    equal(circuit.standing(0), "in");
    call(circuit, 0, "ok");
  }
  equal(ejected().standing(0), "out");
});

Deno.test("a provider of which half of all calls fail is ejected without any row of failures", () => {
  const circuit = new Circuit(longest);
  let calls = 0;
  for (; circuit.standing(0) === "in" && calls < 1000; calls++) call(circuit, 0, calls % 2 ? "failed" : "ok");
  equal(calls, meshLimits.ejectCalls, "as soon as there are enough calls to know");
  const seldom = new Circuit(longest);
  for (let i = 0; i < 1000; i++) call(seldom, i, i % 4 ? "ok" : "failed");
  equal(seldom.standing(1000), "in");
});

Deno.test("one probe finds out whether it is well again, and no other call goes there meanwhile", () => {
  const circuit = ejected();
  equal(circuit.standing(meshLimits.ejectFirstMs - 1), "out");
  const nowMs = meshLimits.ejectFirstMs;
  equal(circuit.standing(nowMs), "probe");
  ok(circuit.begin(nowMs));
  equal(circuit.standing(nowMs), "out");
  circuit.end({ begunMs: nowMs, isProbe: true }, "ok", nowMs + 5);
  equal(circuit.standing(nowMs + 5), "in");
  call(circuit, nowMs + 6, "failed");
  equal(circuit.standing(nowMs + 6), "in", "old failures count no more");
});

Deno.test("each probe that fails makes the ejection longer, up to a bound; long after, it is forgotten", () => {
  const circuit = ejected();
  let nowMs = 0;
  let expected: number = meshLimits.ejectFirstMs;
  for (let i = 0; i < 8; i++) {
    equal(circuit.standing(nowMs + expected - 1), "out", `ejection ${i}`);
    nowMs += expected;
    equal(circuit.standing(nowMs), "probe", `ejection ${i}`);
    call(circuit, nowMs, "failed");
    expected = Math.min(2 * expected, meshLimits.ejectMostMs);
  }
  nowMs += expected;
  call(circuit, nowMs, "ok");
  nowMs += meshLimits.ejectForgetMs + 1;
  for (let i = 0; i < meshLimits.ejectFailures; i++) call(circuit, nowMs, "failed");
  equal(circuit.standing(nowMs + meshLimits.ejectFirstMs), "probe");
});

Deno.test("callers don't come back together: the length of an ejection is random", () => {
  const circuit = new Circuit(() => 0);
  for (let i = 0; i < meshLimits.ejectFailures; i++) call(circuit, 0, "failed");
  equal(circuit.standing(meshLimits.ejectFirstMs / 4), "probe");
});

Deno.test("what was sent before an ejection neither prolongs nor ends it", () => {
  const circuit = ejected(100);
  circuit.end({ begunMs: 50, isProbe: false }, "ok", 200);
  equal(circuit.standing(200), "out");
  const late = 100 + meshLimits.ejectFirstMs;
  for (let i = 0; i < 20; i++) circuit.end({ begunMs: 50, isProbe: false }, "failed", late);
  equal(circuit.standing(late), "probe", "twenty timeouts of the same outage are no reason to wait longer");
});

Deno.test("an answer to a call that went there all the same ends an ejection", () => {
  const circuit = ejected();
  call(circuit, 5, "ok", 10);
  equal(circuit.standing(10), "in");
});

Deno.test("a caller that cancels is no failure, and gives a probe back", () => {
  const circuit = new Circuit(longest);
  for (let i = 0; i < 100; i++) call(circuit, i, "cancelled");
  equal(circuit.standing(100), "in");
  equal(circuit.penalty(100), 1);
  const out = ejected();
  call(out, meshLimits.ejectFirstMs, "cancelled");
  equal(out.standing(meshLimits.ejectFirstMs), "probe");
});

Deno.test("one that refuses is left alone shortly, is no failure, and is longer left alone when it goes on", () => {
  const circuit = new Circuit(longest);
  const begun = Array.from({ length: 20 }, () => ({ begunMs: 0, isProbe: circuit.begin(0) }));
  for (const each of begun) circuit.end(each, "refused", 1);
  equal(circuit.penalty(1), 1);
  equal(circuit.standing(1), "out");
  const again = 1 + meshLimits.restFirstMs;
  equal(circuit.standing(again), "in", "twenty that were sent at once are one refusal");
  call(circuit, again, "refused");
  equal(circuit.standing(again + 2 * meshLimits.restFirstMs - 1), "out");
  call(circuit, again + 2 * meshLimits.restFirstMs, "ok");
  call(circuit, again + 1000, "refused");
  equal(circuit.standing(again + 1000 + meshLimits.restFirstMs), "in");
});

Deno.test("failures below the bar make a provider costly, by their part and not by their number", () => {
  const penaltyOf = (part: number, calls: number) => {
    const rate = new FailureRate();
    for (let i = 0; i < calls; i++) rate.add(i * part % 1 + part >= 1, 0);
    return rate.penalty(0);
  };
  equal(penaltyOf(0, 100), 1);
  ok(penaltyOf(0.01, 1000) < 1.1);
  ok(penaltyOf(0.25, 100) > 2.5);
  ok(Math.abs(penaltyOf(0.25, 10_000) - penaltyOf(0.25, 1000)) < 0.1);
  const rate = new FailureRate();
  rate.add(true, 0);
  ok(rate.penalty(10 * meshLimits.failureWindowMs) < 1.001, "and it fades");
});
