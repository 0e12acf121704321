/** The lines of seaport: what is read and written, wherever the bytes are cut, and what is refused. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { LineReader, type SeaportRow, writeLine } from "../../../src/registry/seaport/lines.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const read = (...pieces: readonly (string | Uint8Array)[]) => {
  const reader = new LineReader();
  return pieces.flatMap((piece) => [...reader.read(typeof piece === "string" ? encode(piece) : piece)]);
};

const rows: readonly SeaportRow[] = [
  ["helo", "127.0.0.1"],
  ["register", "a", { role: "wéb 🚢", port: 1, nested: { list: [null, true, "\n"] } }],
  ["free", "a"],
  ["heartbeat"],
  ["synced"],
];

Deno.test("what is written is read again", () => {
  deepEqual(read(rows.map(writeLine).join("")), rows);
});

Deno.test("rows are the same wherever their bytes are cut", () => {
  const bytes = encode(rows.map(writeLine).join(""));
  for (let at = 0; at <= bytes.length; at++) deepEqual(read(bytes.slice(0, at), bytes.slice(at)), rows);
  deepEqual(read(...Array.from(bytes, (byte) => Uint8Array.of(byte))), rows);
});

Deno.test("a line that has not ended does not change when its buffer is read into again", () => {
  const reader = new LineReader();
  const buffer = encode(`["fre`);
  deepEqual([...reader.read(buffer)], []);
  buffer.fill(0);
  deepEqual([...reader.read(encode(`e","a"]\n`))], [["free", "a"]]);
});

Deno.test("lines that are no rows are refused", () => {
  const bad = [
    "",
    "x",
    "{}",
    "[]",
    "null",
    `"heartbeat"`,
    `[["heartbeat"]]`,
    `["heartbeat",1]`,
    `["HEARTBEAT"]`,
    `["constructor"]`,
    `["__proto__"]`,
    `["free"]`,
    `["free",1]`,
    `["free","a","b"]`,
    `["free","__proto__"]`,
    `["free","${"a".repeat(limits.registryNameChars + 1)}"]`,
    `["register","a"]`,
    `["register","a",null]`,
    `["register","a",[]]`,
    `["register","a","b"]`,
    `["register",{},{}]`,
    `["register","a",{"__proto__":{}}]`,
    `["register","a",{"\\u005f_proto__":{}}]`,
    `["register","a",{"b":[{"__proto__":1}]}]`,
    `["register","a",{"b":${"[".repeat(100)}${"]".repeat(100)}}]`,
    `["register","a",${`{"b":`.repeat(20_000)}1${"}".repeat(20_000)}]`,
    "[".repeat(100_000),
  ];
  for (const line of bad) {
    throws(() => read(line + "\n"), { name: "RegistryError", code: "protocol" }, line.slice(0, 80));
  }
  throws(() => read(Uint8Array.of(0xff, 10)), { code: "protocol" });
});

Deno.test("a line that never ends is refused when it is too long, at no matter what size of pieces", () => {
  for (const size of [1, 1000, 100_000]) {
    const reader = new LineReader();
    const piece = new Uint8Array(size).fill(32);
    let taken = 0;
    throws(() => {
      for (;;) {
        for (const _ of reader.read(piece)) throw new Error("there is no row");
        taken += size;
      }
    }, { code: "limit" });
    ok(taken <= limits.seaportLineBytes && taken > limits.seaportLineBytes - size, `${taken} bytes`);
  }
});

Deno.test("metadata of the largest size fits into a line, however it is written", () => {
  const meta = { text: "\u{1}".repeat(limits.registryMetadataChars / 6 - 10) };
  const escaped = JSON.stringify(["register", "a", meta]).replaceAll("\\u0001", "\\u0001");
  equal(read(escaped + "\n").length, 1);
});
