import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { HttpError } from "../../src/errors.ts";
import { collect, merge, noParameters } from "../../src/http/parameters.ts";
import { limits } from "../../src/limits.ts";

/** As a plain object, for comparison. */
const plain = (parameters: Record<string, unknown>) => Object.fromEntries(Object.entries(parameters));

Deno.test("collect() keeps one value as it is, and makes an array of several in their order", () => {
  deepEqual(plain(collect(new URLSearchParams("a=1&b=2&a=3&c=&a=1"))), { a: ["1", "3", "1"], b: "2", c: "" });
  deepEqual(plain(collect([])), {});
  deepEqual(plain(collect([["x", 1], ["x", ["y"]], ["x", null]])), { x: [1, ["y"], null] });
});

Deno.test("collect() takes any name as a name only", () => {
  const query = "__proto__=p&constructor=c&__proto__=q&toString=t&hasOwnProperty=h&=empty&length=l&%00=nul";
  const parameters = collect(new URLSearchParams(query));
  deepEqual(Object.keys(parameters), ["__proto__", "constructor", "toString", "hasOwnProperty", "", "length", "\0"]);
  deepEqual(parameters["__proto__"], ["p", "q"]);
  equal(Object.getPrototypeOf(parameters), null);
  equal(({} as Record<string, unknown>).p, undefined);
  equal(JSON.stringify(parameters).includes('"__proto__":["p","q"]'), true);
});

Deno.test("collect() takes as many parameters as its bound, and refuses one more with 400", () => {
  const query = (count: number) => Array.from({ length: count }, (_, i): [string, string] => [`p${i % 100}`, "x"]);
  equal(Object.keys(collect(query(limits.parameters))).length, 100);
  throws(() => collect(query(limits.parameters + 1)), (error: unknown) => {
    ok(error instanceof HttpError);
    equal(error.status, 400);
    return true;
  });
});

Deno.test("collect() stops at its bound, however many pairs there are", () => {
  let taken = 0;
  function* endless(): Generator<[string, string]> {
    for (;;) yield ["x", String(taken++)];
  }
  throws(() => collect(endless()), HttpError);
  ok(taken <= limits.parameters + 1);
});

Deno.test("merge() lets the last of one name win", () => {
  const merged = merge({ id: "route", a: "route" }, { a: ["query"], b: "query" }, { b: { deep: 1 }, c: null });
  deepEqual(plain(merged), { id: "route", a: ["query"], b: { deep: 1 }, c: null });
});

Deno.test("merge() leaves out what is undefined, also where it would hide something", () => {
  deepEqual(plain(merge({ a: 1, b: undefined }, { a: undefined, c: null })), { a: 1, c: null });
});

Deno.test("merge() copies nothing to or from a prototype", () => {
  const hostile = JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}');
  const merged = merge(Object.create({ inherited: true }), hostile);
  deepEqual(Object.keys(merged), ["__proto__", "constructor"]);
  equal(Object.getPrototypeOf(merged), null);
  equal(({} as Record<string, unknown>).polluted, undefined);
  equal("inherited" in merged, false);
});

Deno.test("noParameters() gives another empty set each time", () => {
  const one = noParameters();
  one.a = 1;
  deepEqual(Object.keys(noParameters()), []);
  equal(Object.getPrototypeOf(one), null);
});
