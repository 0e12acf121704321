import { deepEqual, throws } from "node:assert/strict";
import { parsePattern } from "../../../src/gateway/router/pattern.ts";

Deno.test("parsePattern() knows both ways to write a parameter, and the rest of a path", () => {
  deepEqual(parsePattern("/a/:one/{two}/*rest"), [
    { kind: "literal", text: "a" },
    { kind: "parameter", name: "one" },
    { kind: "parameter", name: "two" },
    { kind: "rest", name: "rest" },
  ]);
  deepEqual(parsePattern("/"), [{ kind: "literal", text: "" }]);
  deepEqual(parsePattern("/a/").at(-1), { kind: "literal", text: "" });
});

const wrong: Record<string, RegExp> = {
  "a": /begins with a slash/,
  "/:": /"" is no name/,
  "/{a": /neither plain text/,
  "/:a-b": /"a-b" is no name/,
  "/:a/:a": /stands in it twice/,
  "/*rest/more": /\*rest is not its end/,
  "/a*": /neither plain text/,
  "/a%20b": /matched decoded/,
  "/a?b": /neither plain text/,
  "/../a": /no path has a piece \.\./,
  "/:__proto__": /__proto__/,
};

for (const [pattern, message] of Object.entries(wrong)) {
  Deno.test(`parsePattern() refuses ${pattern}`, () => {
    throws(() => parsePattern(pattern), { name: "TypeError", message });
  });
}
