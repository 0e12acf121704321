import { equal, throws } from "node:assert/strict";
import { Effort, EffortError } from "../../../src/gateway/openapi/effort.ts";
import { isHarmless, Patterns } from "../../../src/gateway/openapi/linear_pattern.ts";
import { tokensOf } from "../../../src/gateway/openapi/pattern_tokens.ts";
import { RE2JS } from "re2js";
import { toRe2 } from "../../../src/gateway/openapi/to_re2.ts";

function patterns(): Patterns {
  const effort = new Effort();
  effort.begin();
  return new Patterns(effort);
}

const samples = [
  ...[
    "",
    "a",
    "A",
    "0",
    "_",
    "-",
    " ",
    "\t",
    "\n",
    "\r",
    "\v",
    "\f",
    "\u00a0",
    "\u2028",
    "\ufeff",
    "é",
    "ß",
    "Ω",
    "😀",
    "\0",
    "\b",
  ],
  ...[
    "ab",
    "a-b",
    "a.b",
    "a/b",
    "a\nb",
    "foo",
    "foofoo",
    "2026-01-31",
    "a1_",
    "]",
    "[",
    "^",
    "{",
    "a{2}",
    "\\",
    "x:y",
    "\x7f",
    "\u0001",
  ],
];

const expressions = [
  ...[
    ".",
    "^.$",
    "\\s",
    "\\S",
    "^\\S+$",
    "[\\s]",
    "[^\\s]",
    "[\\S]",
    "[^\\S]",
    "\\d",
    "\\D",
    "[^\\d]",
    "\\w+",
    "\\W",
    "[\\w-]",
    "[a\\-z]",
  ],
  ...[
    "[\\w-.]",
    "\\bfoo\\b",
    "\\Boo",
    "^(?:foo){2}$",
    "(?<year>\\d{4})-\\d\\d",
    "\\u0041",
    "\\u{1F600}",
    "\\uD83D\\uDE00",
    "\\x41",
  ],
  ...[
    "\\cA",
    "\\0",
    "[\\b]",
    "[^]",
    "[]",
    "\\/",
    "a\\-b",
    "[[a]",
    "[\\]]",
    "\\{",
    "\\p{L}",
    "\\P{L}",
    "\\p{Lu}",
    "\\p{Letter}",
  ],
  ...[
    "\\p{Script=Greek}",
    "^(a|ab)(c|bcd)?$",
    "a{2}",
    "^a??b",
    "^[^-]$",
    "^[-a]$",
    "[:]",
    "^é$",
    "😀",
    "^[😀é]$",
    "\\.",
    "^$",
    "a|b|$",
  ],
];

for (const source of expressions) {
  Deno.test(`the pattern ${source} means the same in RE2 as in the runtime`, () => {
    const native = unicode(source);
    const linear = RE2JS.compile(toRe2(tokensOf(source)));
    for (const text of samples) equal(linear.test(text), native.test(text), JSON.stringify(text));
  });
}

function unicode(source: string): RegExp {
  try {
    return new RegExp(source, "u");
  } catch {
    return new RegExp(source);
  }
}

Deno.test("patterns that the runtime's engine can't be kept busy by are told from others", () => {
  for (const source of ["^[a-z]+$", "^\\d{4}-\\d{2}$", "abc", "^.{1,9999}$", "^a*b{3}", "[A-Z]", "^x[a-z]*yz$"]) {
    equal(isHarmless(tokensOf(source)), true, source);
  }
  for (
    const source of [
      "[a-z]+",
      "^(a+)+$",
      "^a*a*$",
      "a*b",
      "^a|b$",
      "^(a)$",
      "^a{1,20000}$",
      "\\bfoo",
      `^a*${"b".repeat(65)}`,
    ]
  ) {
    equal(isHarmless(tokensOf(source)), false, source);
  }
});

Deno.test("a pattern that would keep other engines busy for ever is done with at once", () => {
  const compiled = patterns();
  for (
    const source of [
      "^(a+)+$",
      "^(a|aa)+$",
      "(x+x+)+y",
      "^(.*a){20}$",
      "^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}$",
    ]
  ) {
    equal(compiled.compile(source).test(`${"a".repeat(50_000)}!`), false, source);
  }
});

Deno.test("patterns with what takes time without end, or room, are refused with the reason", () => {
  const refused: [source: string, why: RegExp][] = [
    ["(?=a)", /looks ahead/],
    ["(?<!a)b", /looks ahead or behind/],
    ["(a)\\1", /refers back/],
    ["(?<n>a)\\k<n>", /refers back/],
    ["(", /Invalid|Unterminated/],
    ["\\Q", /no escape/],
    ["(a{1,1000}){1,1000}", /too large|repeat/],
    ["(ab){1,2000}", /repeat/],
    ["(?:ab{1000}){1}".repeat(100), /repeats too much/],
    ["a".repeat(5000), /at most 4096 characters/],
  ];
  for (const [source, why] of refused) throws(() => patterns().compile(source), why, source);
});

Deno.test("a check that has cost what it may ends", () => {
  const effort = new Effort();
  const pattern = new Patterns(effort).compile("^(a|b)*a(a|b){300}$");
  effort.begin();
  throws(() => {
    for (let round = 0; round < 1e6; round++) pattern.test("ab".repeat(1000));
  }, EffortError);
});
