/** Tables and the width of texts. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { tableText } from "../../src/cli/terminal/table.ts";
import { shortened, textWidth, wrapped } from "../../src/cli/terminal/text_width.ts";

const pipe = { columns: undefined, color: false };
const heads = ["NAME", "STATE", "WHERE"];
const rows = [["web", "up", "/usr/lib/a/long/way/down/to/the/program"], ["database", "down", "-"]];

Deno.test("in a pipe a row is a line, and nothing of it is cut", () => {
  equal(
    tableText(heads, rows, pipe),
    "NAME      STATE  WHERE\n" +
      "web       up     /usr/lib/a/long/way/down/to/the/program\n" +
      "database  down   -\n",
  );
  const long = "x".repeat(5000);
  ok(tableText(heads, [[long, long, long]], pipe).includes(`${long}  ${long}  ${long}\n`));
});

Deno.test("on a terminal the last column is wrapped beside the others", () => {
  equal(
    tableText(heads, [["web", "up", "what was found, and what to do"]], { columns: 30, color: false }),
    "NAME  STATE  WHERE\n" +
      "web   up     what was found,\n" +
      "             and what to do\n",
  );
});

Deno.test("no line is wider than the terminal, and what there is no room for is left out", () => {
  const row = [
    "a name that is long",
    "a state that is long",
    "one more that is long",
    "what was found, and what to do",
  ];
  for (let columns = 30; columns <= 100; columns++) {
    const lines = tableText(["A", "B", "C", "D"], [row], { columns, color: false }).trimEnd().split("\n");
    for (const line of lines) ok(textWidth(line) <= columns, `${columns}: ${line}`);
    ok(lines[1].startsWith("a name"), lines[1]);
    const last = lines.slice(1).map((line) => line.slice(lines[0].indexOf("D"))).join("").replaceAll(" ", "");
    equal(last, "whatwasfound,andwhattodo");
  }
  ok(tableText(["A", "B", "C", "D"], [row], { columns: 60, color: false }).includes("…"));
  equal(tableText(["A", "B", "C", "D"], [row], { columns: 34, color: false }).split("\n")[0].includes("C"), false);
});

Deno.test("wide characters take two columns, and marks none", () => {
  const widths: [string, number][] = [
    ["", 0],
    ["abc", 3],
    ["日本語", 6],
    ["한글", 4],
    ["ｱ", 1],
    ["é", 1],
    ["e\u0301", 1],
    ["👍", 2],
    ["👩‍👩‍👧‍👦", 2],
    ["❤️", 2],
    ["…", 1],
    ["\u200b", 0],
  ];
  for (const [text, width] of widths) equal(textWidth(text), width, text);
  equal(
    tableText(["A", "B"], [["日本語", "x"], ["👍", "y"], ["e\u0301e", "z"]], pipe),
    "A       B\n日本語  x\n👍      y\ne\u0301e      z\n",
  );
  equal(shortened("日本語", 6), "日本語");
  equal(shortened("日本語", 5), "日本…");
  equal(shortened("日本語x", 6), "日本…");
  equal(shortened("abc", 0), "");
});

Deno.test("texts are wrapped at spaces, and within a word that is wider than a line", () => {
  deepEqual(wrapped("", 10), [""]);
  deepEqual(wrapped("one two three", 7), ["one two", "three"]);
  deepEqual(wrapped("one two three", 8), ["one two", "three"]);
  deepEqual(wrapped("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
  deepEqual(wrapped("日本語", 1), ["日", "本", "語"]);
});

Deno.test("nothing in a cell drives the terminal, breaks a row or moves a column", () => {
  const text = tableText(["A", "B"], [["\x1b[2Jx\ty\nz", "\u202eb"], ["c", "d"]], pipe);
  deepEqual(text.split("\n"), ["A                B", "\\x1b[2Jx y\\x0az  \\u202eb", "c                d", ""]);
});

Deno.test("with colours, headings are bold, and cells have their style around the text alone", () => {
  const text = tableText(["A", "B"], [[{ text: "x", style: "red" }, "y"], ["long", "z"]], { columns: 80, color: true });
  equal(text, "\x1b[1mA\x1b[0m     \x1b[1mB\x1b[0m\n\x1b[31mx\x1b[0m     y\nlong  z\n");
});
