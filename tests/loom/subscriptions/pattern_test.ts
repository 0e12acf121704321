import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { literalPrefix, parsePattern, PatternIndex } from "../../../src/loom/subscriptions/pattern.ts";

function matches(pattern: string, id: string): boolean {
  const index = new PatternIndex<string>();
  index.add(parsePattern(pattern), pattern);
  return index.match(id).has(pattern);
}

/** What a pattern means, written as plainly as can be. */
function plainMatch(pattern: readonly string[], id: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return id.length === 0;
  if (first === "**") return id.some((_, i) => plainMatch(rest, id.slice(i))) || plainMatch(rest, []);
  return id.length > 0 && (first === "*" || first === id[0]) && plainMatch(rest, id.slice(1));
}

Deno.test("a star matches one segment, two stars any number of them, all else itself", () => {
  ok(matches("events/*", "events/a"));
  ok(!matches("events/*", "events"));
  ok(!matches("events/*", "events/a/b"));
  ok(matches("events/**", "events"));
  ok(matches("events/**", "events/a/b/c"));
  ok(!matches("events/**", "eventsa"));
  ok(matches("**", "a"));
  ok(matches("**/end", "end"));
  ok(matches("**/end", "a/b/end"));
  ok(!matches("**/end", "a/b/end/c"));
  ok(matches("a/**/b/*/c", "a/x/b/y/b/z/c"));
  ok(matches("/slashes/around/", "slashes/around"));
  ok(matches("a/%2A/%2a", "a/*/*"));
  ok(!matches("a/%2A", "a/b"));
  ok(matches("toString/__proto__", "toString/__proto__"));
});

Deno.test("patterns that say nothing, or something else than they seem to, are refused", () => {
  for (const pattern of ["", "/", "//", "a*", "a/b*c/d", "***", "a/".repeat(40) + "b"]) {
    throws(() => parsePattern(pattern), SyntaxError, pattern);
  }
  deepEqual(parsePattern("a/**/**/**/b"), ["a", "**", "b"]);
});

Deno.test("the prefix to list by loses no stream that a pattern matches", () => {
  const prefix = (pattern: string) => literalPrefix(parsePattern(pattern));
  equal(prefix("events/*"), "events/");
  equal(prefix("events/**"), "events");
  equal(prefix("events/a"), "events/a");
  equal(prefix("*/a"), "");
  equal(prefix("**"), "");
  equal(prefix("a/%2A/*"), "a/*/");
});

Deno.test("many patterns at once match what the plain definition says", () => {
  let state = 7;
  const random = (max: number) => (state = (state * 48271) % 2147483647) % max;
  const some = (words: string[], max: number) =>
    Array.from({ length: 1 + random(max) }, () => words[random(words.length)]);
  const index = new PatternIndex<number>();
  const patterns = Array.from({ length: 300 }, () => parsePattern(some(["a", "b", "*", "**"], 6).join("/")));
  patterns.forEach((pattern, i) => index.add(pattern, i));
  for (let i = 0; i < patterns.length; i += 2) index.delete(patterns[i], i);
  for (let round = 0; round < 500; round++) {
    const id = some(["a", "b", "c"], 7);
    const expected = patterns.flatMap((pattern, i) => i % 2 === 1 && plainMatch(pattern, id) ? [i] : []);
    deepEqual([...index.match(id.join("/"))].sort((a, b) => a - b), expected, id.join("/"));
  }
});

Deno.test("taking a pattern away leaves nothing of it, and the others as they are", () => {
  const index = new PatternIndex<string>();
  index.add(["a", "*"], "x");
  index.add(["a", "*", "b"], "y");
  index.add(["a", "*"], "z");
  index.delete(["a", "*"], "x");
  index.delete(["never", "**"], "x");
  deepEqual([...index.match("a/1")], ["z"]);
  deepEqual([...index.match("a/1/b")], ["y"]);
  index.delete(["a", "*", "b"], "y");
  deepEqual([...index.match("a/1/b")], []);
});

Deno.test("a thousand patterns and an id made to be slow match in a bounded time", () => {
  let state = 7;
  const index = new PatternIndex<number>();
  for (let i = 0; i < 1000; i++) {
    const segments = Array.from({ length: 14 }, () => ["*", "**", "a"][(state = (state * 48271) % 2147483647) % 3]);
    index.add(parsePattern(["**", ...segments, `end${i}`].join("/")), i);
  }
  const started = performance.now();
  equal(index.match("a/".repeat(511) + "a").size, 0);
  const tookMs = performance.now() - started;
  ok(tookMs < 2000, `it took ${tookMs} ms`);
});
