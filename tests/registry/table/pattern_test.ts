import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { matches, parseName, parsePattern } from "../../../src/registry/table/pattern.ts";

Deno.test("a name is a role, and a version after its last @", () => {
  deepEqual(parseName("web"), { role: "web" });
  deepEqual(parseName("web@1.2.3"), { role: "web", version: "1.2.3" });
  deepEqual(parseName("@acme/web@1.2.3-rc.1+b2"), { role: "@acme/web", version: "1.2.3-rc.1+b2" });
  deepEqual(parseName("@acme/web"), { role: "@acme/web" });
  deepEqual(parseName("web@v1.2.3"), { role: "web", version: "1.2.3" });
  deepEqual(parseName("__proto__@1.0.0"), { role: "__proto__", version: "1.0.0" });
  deepEqual(parseName("constructor"), { role: "constructor" });
});

Deno.test("names that would be mistaken for others, or read by nobody, are refused", () => {
  const roles = [
    "",
    "@",
    "a b",
    "a\tb",
    "a\u0000",
    "a\u001b[31m",
    "\ud800",
    "a\udc00b",
    "\u202eweb",
    "\u200bweb",
    " web",
  ];
  for (const role of [...roles, "we@b@1.0.0", "@@a", "x".repeat(limits.registryNameChars + 1)]) {
    throws(() => parseName(role), TypeError, JSON.stringify(role));
    if (role !== "") throws(() => parsePattern(role), TypeError, JSON.stringify(role));
  }
  equal(parseName("x".repeat(limits.registryNameChars)).role.length, limits.registryNameChars);
  equal(parseName("größe-🧵").role, "größe-🧵");
});

Deno.test("what is no semantic version is refused when something registers", () => {
  for (
    const version of ["", "1", "1.2", "1.2.x", "^1.2.3", "01.2.3", "1.2.3.4", "latest", `1.2.3-${"a".repeat(300)}`]
  ) {
    throws(() => parseName(`web@${version}`), TypeError, version);
  }
});

Deno.test("what is no range is refused with what was written, and a long one without it", () => {
  throws(() => parsePattern("web@one"), /"web@one": "one" is no range/);
  for (const range of ["1.2.3.4", ">>1", "1 || two"]) throws(() => parsePattern(`web@${range}`), TypeError, range);
  throws(() => parsePattern(`web@${"1 ".repeat(limits.registryPatternChars)}`), /1028 characters/);
});

Deno.test("no pattern means all, a role all of it, and a range what has a version in it", () => {
  const web = (version?: string) => ({ role: "web", ...version && { version } });
  for (const service of [web(), web("1.0.0"), web("1.0.0-rc.1"), { role: "db" }]) {
    ok(matches(parsePattern(""), service));
  }
  for (const service of [web(), web("1.0.0"), web("1.0.0-rc.1")]) ok(matches(parsePattern("web"), service));
  for (const text of ["web@*", "web@", "web@ 1.x ", "web@1.0.0 - 2.0.0", "web@<1||>=1"]) {
    ok(matches(parsePattern(text), web("1.0.0")), text);
    for (const other of [web(), web("1.0.0-rc.1"), { role: "db", version: "1.0.0" }]) {
      ok(!matches(parsePattern(text), other), text);
    }
  }
  ok(matches(parsePattern("web@^1.0.0-rc.0"), web("1.0.0-rc.1")));
});

Deno.test("a pattern is read once, and however many there are, few are kept", () => {
  equal(parsePattern("read-once@1.x"), parsePattern("read-once@1.x"));
  const first = parsePattern("read-first@1.x");
  for (let i = 0; i < limits.registryPatternsKnown; i++) parsePattern(`role-${i}`);
  ok(parsePattern("read-first@1.x") !== first);
});

Deno.test("a range has an end, and what is long is not kept", () => {
  const most = limits.registryRangeParts;
  const any = (count: number, between: string) => `web@${Array.from({ length: count }, (_, i) => i).join(between)}`;
  ok(matches(parsePattern(`web@${"<9||".repeat(most - 1)}<9`), { role: "web", version: "1.0.0" }));
  throws(() => parsePattern(any(most + 1, "||")), /more than 32 versions/);
  throws(
    () => parsePattern(`web@${Array.from({ length: most + 1 }, (_, i) => `<${i + 9}`).join(" ")}`),
    /more than 32/,
  );
  const long = `web@${">1.0.0 ".repeat(10)}`;
  ok(parsePattern(long) !== parsePattern(long));
});
