/** Trace Context (W3C Recommendation, level 1). */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { formatTraceparent, joinTrace, parseTraceparent, traceOf, withTrace } from "../../src/http/trace_context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

Deno.test("parseTraceparent() reads the examples of the recommendation, and formatTraceparent() writes them", () => {
  for (const flags of ["00", "01"]) {
    const field = `00-${TRACE}-${SPAN}-${flags}`;
    const parsed = parseTraceparent(field)!;
    deepEqual(parsed, { traceId: TRACE, parentId: SPAN, sampled: flags === "01" });
    equal(formatTraceparent(parsed), field);
  }
});

Deno.test("parseTraceparent() takes what later versions may say, and no other form", () => {
  for (const field of [`cc-${TRACE}-${SPAN}-01`, `cc-${TRACE}-${SPAN}-01-what-comes`, `00-${TRACE}-${SPAN}-ff`]) {
    ok(parseTraceparent(field)?.sampled, field);
  }
  const wrong = [
    "",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01-`,
    `cc-${TRACE}-${SPAN}-01.more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-1`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `00_${TRACE}_${SPAN}_01`,
  ];
  for (const field of wrong) equal(parseTraceparent(field), undefined, field);
});

Deno.test("joinTrace() goes on with a trace in a span of its own, and knows one flag only", () => {
  const { traceparent, tracestate } = joinTrace(`00-${TRACE}-${SPAN}-ff`, "a=1,b=2");
  match(traceparent, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  ok(!traceparent.includes(SPAN));
  equal(tracestate, "a=1,b=2");
  ok(joinTrace(`00-${TRACE}-${SPAN}-00`, null).traceparent.endsWith("-00"));
});

Deno.test("joinTrace() begins a trace where there is none or no valid one, and drops what belonged to it", () => {
  const seen = new Set<string>();
  for (const field of [null, "", "00-x", `ff-${TRACE}-${SPAN}-01`]) {
    const { traceparent, tracestate } = joinTrace(field, "a=1");
    ok(parseTraceparent(traceparent)?.sampled, traceparent);
    equal(tracestate, undefined);
    seen.add(traceparent.slice(0, 35));
  }
  equal(seen.size, 4);
});

Deno.test("joinTrace() passes on a valid tracestate without its empty members, and drops another one whole", () => {
  const state = (list: string) => joinTrace(`00-${TRACE}-${SPAN}-01`, list).tracestate;
  const members = (count: number) => Array.from({ length: count }, (_, i) => `k${i}=v`).join(",");
  const valid: [string, string][] = [
    ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
    ["a=1 , ,\tb=2,", "a=1,b=2"],
    ["fw529a3039@dt=FfAAA,0a@b=x y", "fw529a3039@dt=FfAAA,0a@b=x y"],
    [members(32), members(32)],
    [`a=${"v".repeat(256)}`, `a=${"v".repeat(256)}`],
  ];
  for (const [list, expected] of valid) equal(state(list), expected);
  const wrong = [
    ...["", ",", "a", "=1", "a=", "A=1", "1a=1", "a=1=2", "a=ü", "a@b@c=1", "@b=1", "a@=1", "a=1,a=2", "a=1;b=2,c"],
    ...[members(33), `a=${"v".repeat(257)}`, `a${"b".repeat(256)}=1`],
  ];
  for (const list of wrong) equal(state(list), undefined, list);
});

Deno.test("traceOf() believes whoever has begun the trace more than the request's fields", () => {
  const request = new Request("http://localhost/", {
    headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "a=1" },
  });
  const info = withTrace(request, { params: { a: "1" } });
  deepEqual(info.params, { a: "1" });
  ok(info.trace.traceparent.startsWith(`00-${TRACE}-`));
  const other = { traceparent: `00-${"a".repeat(32)}-${SPAN}-00`, tracestate: undefined };
  match(traceOf(request, { trace: other }).traceparent, /^00-a{32}-(?!00f067)[0-9a-f]{16}-00$/);
});
