import { deepEqual, equal, throws } from "node:assert/strict";
import { concat } from "../../../src/bytes/source.ts";
import { ArrayLines, LineFraming } from "../../../src/loom/client/json_framing.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The lines of an array that comes in chunks of one size. */
function lines(array: string, size: number): string {
  const bytes = encoder.encode(array);
  const turning = new ArrayLines();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.byteLength; at += size) parts.push(turning.next(bytes.subarray(at, at + size)));
  turning.end();
  return decoder.decode(concat(parts));
}

Deno.test("an array becomes a line for each element, wherever it is cut", () => {
  const arrays: [array: string, lines: string][] = [
    ["[]", ""],
    [" [ ] \n", ""],
    ["[1]", "1\n"],
    ['[1.0 , "a,b" ,\n null]', '1.0\n"a,b"\nnull\n'],
    ['[{"a": [1, {"b": "]}"}]}, [], [[]], {}]', '{"a": [1, {"b": "]}"}]}\n[]\n[[]]\n{}\n'],
    ['["\\\\", "\\"[", "é\\n"]', '"\\\\"\n"\\"["\n"é\\n"\n'],
    ['[{\r\n"a":\n1}]', '{  "a": 1}\n'],
  ];
  for (const [array, expected] of arrays) {
    for (let size = 1; size <= array.length; size++) equal(lines(array, size), expected, `${array} by ${size}`);
  }
});

Deno.test("an array that ends too early is noticed", () => {
  for (const array of ["[", "[1", '[{"a":1}', '["]']) throws(() => lines(array, 100), /middle of an array/);
});

Deno.test("lines become an array, wherever they are cut, and empty ones are left out", () => {
  const input = encoder.encode('\n{"a":1}\r\n  \n[2]\n\n"é"');
  for (let size = 1; size <= input.byteLength; size++) {
    const framing = new LineFraming();
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < input.byteLength; at += size) pieces.push(...framing.cut(input.subarray(at, at + size)));
    pieces.push(...framing.rest());
    equal(framing.held, 0);
    deepEqual(JSON.parse(decoder.decode(framing.join(pieces))), [{ a: 1 }, [2], "é"]);
  }
});
