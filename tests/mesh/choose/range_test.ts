/** How services and versions of them are named. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { parseOffer, parsePattern } from "../../../src/mesh/choose/range.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";

Deno.test("an offer is a name, and a version after its last @", () => {
  deepEqual(parseOffer("resize"), { service: "resize", version: "" });
  deepEqual(parseOffer("resize@1.2.3"), { service: "resize", version: "1.2.3" });
  deepEqual(parseOffer("@acme/resize@1.2.3-rc.1"), { service: "@acme/resize", version: "1.2.3-rc.1" });
  deepEqual(parseOffer("@acme/resize"), { service: "@acme/resize", version: "" });
});

Deno.test("offers that nobody could call are refused", () => {
  const wrong = ["", "@", "a b", "re@size@1.0.0", "größe", "a\u0000", `${"x".repeat(meshLimits.serviceNameBytes)}y`];
  for (const text of [...wrong, "a@", "a@1", "a@^1.2.3", "a@v1.2.3", "a@latest", `a@1.2.3-${"x".repeat(64)}`]) {
    throws(() => parseOffer(text), TypeError, JSON.stringify(text));
  }
  for (const text of wrong) throws(() => parsePattern(text), TypeError, JSON.stringify(text));
});

Deno.test("a name alone is of all versions, a range of those in it, and of none that has no version", () => {
  const all = parsePattern("resize");
  for (const version of ["", "1.0.0", "2.0.0-rc.1"]) ok(all.matches(version), version);
  for (const text of ["resize@*", "resize@", "resize@1.x", "resize@^1", "resize@>=1 <2", "resize@0.9.0||1.0.0"]) {
    const pattern = parsePattern(text);
    equal(pattern.name, "resize");
    equal(pattern.text, text);
    for (let times = 0; times < 2; times++) {
      ok(pattern.matches("1.0.0"), text);
      ok(!pattern.matches(""), text);
      ok(!pattern.matches("1.0.0-rc.1"), text);
    }
  }
  ok(!parsePattern("resize@^1").matches("2.0.0"));
});

Deno.test("versions before a release match a range that names one of that release", () => {
  const pattern = parsePattern("resize@^1.2.0-rc.1");
  for (const version of ["1.2.0-rc.1", "1.2.0-rc.2", "1.2.0", "1.9.0"]) ok(pattern.matches(version), version);
  for (const version of ["1.2.0-beta.1", "1.3.0-rc.1", "2.0.0"]) ok(!pattern.matches(version), version);
});

Deno.test("what is no range is refused, and so is a long one before it is read", () => {
  for (const range of ["one", "1.2.3.4", ">>1", "1 || two"]) throws(() => parsePattern(`a@${range}`), TypeError, range);
  const most = meshLimits.rangeParts;
  ok(parsePattern(`a@${"<9||".repeat(most - 1)}<9`).matches("1.0.0"));
  throws(() => parsePattern(`a@${"<9||".repeat(most)}<9`), TypeError);
  throws(() => parsePattern(`a@${" ".repeat(meshLimits.rangeChars)}1`), TypeError);
});

Deno.test("however many versions a pattern is asked about, it answers rightly", () => {
  const pattern = parsePattern("a@^1");
  for (let i = 0; i < 10 * meshLimits.patternsOfService; i++) equal(pattern.matches(`${i % 3}.${i}.0`), i % 3 === 1);
});
