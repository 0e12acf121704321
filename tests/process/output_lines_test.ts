import { deepEqual, equal, ok } from "node:assert/strict";
import { limits } from "../../src/limits.ts";
import { OutputLines } from "../../src/process/output_lines.ts";
import { heldBytes } from "../support/memory.ts";
import { splits } from "../support/sources.ts";

const encoder = new TextEncoder();

/** All lines of these pieces, and the end that was kept. */
function collect(
  pieces: readonly (string | Uint8Array)[],
  tailBytesMax?: number,
): { lines: string[]; tail: string; bytes: number } {
  const lines: string[] = [];
  const stderr = new OutputLines("standard error", (line) => lines.push(line), tailBytesMax);
  for (const piece of pieces) stderr.push(typeof piece === "string" ? encoder.encode(piece) : piece);
  stderr.end();
  return { lines, tail: stderr.tail, bytes: stderr.bytes };
}

Deno.test("OutputLines gives lines without their ends, the last one too", () => {
  deepEqual(collect(["one\ntwo\r\n\nfour"]).lines, ["one", "two", "", "four"]);
  deepEqual(collect(["one\n"]).lines, ["one"]);
  deepEqual(collect(["\n\n"]).lines, ["", ""]);
  deepEqual(collect([]), { lines: [], tail: "", bytes: 0 });
});

Deno.test("OutputLines gives the same lines and the same end, however the bytes are cut", () => {
  const bytes = encoder.encode("grüße\n€ 😀\r\n日本\n\nend 😀");
  for (const pieces of splits(bytes)) {
    deepEqual(collect(pieces), {
      lines: ["grüße", "€ 😀", "日本", "", "end 😀"],
      tail: "grüße\n€ 😀\r\n日本\n\nend 😀",
      bytes: bytes.byteLength,
    });
  }
});

Deno.test("OutputLines gives a line as soon as it is whole", () => {
  const lines: string[] = [];
  const stderr = new OutputLines("standard error", (line) => lines.push(line));
  stderr.push(encoder.encode("one\ntw"));
  deepEqual(lines, ["one"]);
  stderr.push(encoder.encode("o\n"));
  deepEqual(lines, ["one", "two"]);
});

Deno.test("OutputLines shows bytes that are no UTF-8 as such, also at its very end", () => {
  deepEqual(collect([Uint8Array.of(0x61, 0xff, 0x62, 10)]).lines, ["a\ufffdb"]);
  deepEqual(collect(["x", Uint8Array.of(0xe2, 0x82)]).lines, ["x\ufffd"]);
});

Deno.test("OutputLines cuts a line that is too long, says so, and goes on with the next", () => {
  const longest = "x".repeat(limits.stderrLineBytes);
  for (const size of [1, 100, 5000, 1 << 20]) {
    const pieces = Array.from(
      `${longest}\n${longest}y\nshort\n`.matchAll(new RegExp(`[^]{1,${size}}`, "g")),
      ([piece]) => piece,
    );
    deepEqual(collect(pieces).lines, [longest, `${longest} [cut]`, "short"]);
  }
});

Deno.test("OutputLines keeps the end, and nothing but the end", () => {
  equal(collect(["0123456789"], 4).tail, "6789");
  equal(collect(["012345", "6789"], 4).tail, "6789");
  equal(collect(Array.from("0123456789"), 4).tail, "6789");
  equal(collect(["01"], 4).tail, "01");
  for (const size of [1, 3, 4, 5, 8, 9, 1000]) {
    const text = Array.from({ length: 5000 }, (_, i) => i % 10).join("");
    const pieces = Array.from(text.matchAll(new RegExp(`.{1,${size}}`, "g")), ([piece]) => piece);
    equal(collect(pieces, 7).tail, text.slice(-7), `in pieces of ${size}`);
  }
});

Deno.test("OutputLines keeps no end when it is told to keep none", () => {
  const { tail, lines } = collect(["0123456789\n", "more\n"], 0);
  equal(tail, "");
  deepEqual(lines, ["0123456789", "more"]);
});

for (
  const [what, chunk] of Object.entries({ "short lines": "a line of 32 bytes, or thereabout\n", "no line end": "x" })
) {
  for (const tailBytesMax of [limits.stderrTailBytes, 0]) {
    Deno.test(`OutputLines takes 100 MB of ${what} within little memory, keeping ${tailBytesMax} bytes`, () => {
      const piece = encoder.encode(chunk.repeat(65536 / chunk.length));
      const last = encoder.encode("\nlast words\n");
      let lines = 0;
      let characters = 0;
      const stderr = new OutputLines("standard error", (line) => (lines++, characters += line.length), tailBytesMax);
      const before = heldBytes();
      const times = Math.ceil(100e6 / piece.byteLength);
      for (let i = 0; i < times; i++) stderr.push(piece.slice());
      stderr.push(last);
      stderr.end();
      const grown = heldBytes() - before;
      equal(stderr.bytes, times * piece.byteLength + last.byteLength);
      ok(characters <= limits.stderrLogBytes + 65536 + 1000, `${characters} characters in ${lines} lines were logged`);
      equal(stderr.tail.endsWith("\nlast words\n"), tailBytesMax > 0);
      ok(encoder.encode(stderr.tail).byteLength <= tailBytesMax);
      ok(grown < 4e6, `${grown} bytes are held`);
    });
  }
}

Deno.test("OutputLines calls the output by its name where logging stopped", () => {
  const lines: string[] = [];
  new OutputLines("standard output", (line) => lines.push(line), 0).push(new Uint8Array(limits.stderrLogBytes + 1));
  equal(lines.at(-1), `[standard output beyond ${limits.stderrLogBytes} bytes is not logged]`);
});

Deno.test("OutputLines says once where logging stopped, and counts on", () => {
  const mebibyte = "x".repeat(1023) + "\n";
  const { lines, bytes } = collect(Array.from({ length: 3000 }, () => mebibyte));
  equal(lines.filter((line) => line.includes("is not logged")).length, 1);
  equal(lines.at(-1), `[standard error beyond ${limits.stderrLogBytes} bytes is not logged]`);
  equal(bytes, 3000 * 1024);
});
