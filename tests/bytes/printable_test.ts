import { deepEqual, equal } from "node:assert/strict";
import { printable, printableJson } from "../../src/bytes/printable.ts";

Deno.test("what drives a terminal, reorders a line or breaks it is escaped, and all else is left", () => {
  equal(
    printable("\x1b[2J a\nb\rc\x7f\x9b\u2028\u202e\u061c"),
    "\\x1b[2J a\\x0ab\\x0dc\\x7f\\x9b\\u2028\\u202e\\u061c",
  );
  equal(printable("Grüße, 你好\t👋 \\x1b"), "Grüße, 你好\t👋 \\x1b");
});

Deno.test("JSON with such characters means the same, and has none of them", () => {
  const value = { "\u202ename": ["\x1b[31m", "\x9b", "\n\t", "\u2066x", "ü"], "\x7f": null };
  for (const indent of [undefined, 2]) {
    const text = printableJson(value, indent);
    deepEqual(JSON.parse(text), value);
    equal(text.match(/[^\P{Cc}\n]|[\u2066\u202e]/u), null);
    equal(text.includes("\n"), indent !== undefined);
  }
});
