/** JSON streams: values are cut apart, never written anew. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { isJson, mediaType, skipMessages, toMessages, wholeMessages } from "../../../src/loom/store/json_messages.ts";
import { bytesOf, eachStore, readText, refused, textOf } from "../../support/loom.ts";
import { type Random, randomFrom } from "../../support/random.ts";

const json = "application/json";
const messagesOf = (text: string) => textOf(toMessages(bytesOf(text)));

Deno.test("content types are compared without parameters and case", () => {
  for (const type of ["application/json", "Application/JSON;charset=utf-8", " application/json ; x=1"]) {
    equal(isJson(type), true);
  }
  for (const type of ["application/jsonl", "application/ld+json", "text/plain", ""]) equal(isJson(type), false);
  equal(mediaType("Text/Plain; charset=utf-8"), "text/plain");
});

Deno.test("a value is one message, an array is one for each element", () => {
  const cases: [string, string][] = [
    ["1", "1\n"],
    ['"text"', '"text"\n'],
    [" null\r\n", "null\n"],
    ['{"a": [1, 2]}', '{"a": [1, 2]}\n'],
    ["[]", ""],
    [" [ \n\t ] ", ""],
    ["[1]", "1\n"],
    ["[[]]", "[]\n"],
    ["[[1,2],[3],[[4]]]", "[1,2]\n[3]\n[[4]]\n"],
    ['[{"a":[{}]}, {} ,true,false,null , -0.5e-7]', '{"a":[{}]}\n{}\ntrue\nfalse\nnull\n-0.5e-7\n'],
  ];
  for (const [text, messages] of cases) equal(messagesOf(text), messages, text);
});

Deno.test("numbers keep all their digits, and texts their escapes", () => {
  const exact = [
    "12345678901234567890.12345678901234567890",
    "1e400",
    "-0",
    "1.0",
    '"\\u00e9\\/\\n"',
    '"é漢🎈"',
    '"\\ud83c"',
  ];
  equal(messagesOf(`[${exact.join(",")}]`), exact.join("\n") + "\n");
});

Deno.test("brackets, commas, quotes and backslashes in texts cut nothing", () => {
  const texts = ['"],["', '"a,b"', '"\\""', '"\\\\"', '"\\\\\\""', '"{"', '"\\\\,[\\""', '"\u2028"'];
  equal(messagesOf(`[${texts.join(" , ")}]`), texts.join("\n") + "\n");
  equal(messagesOf(`{"}": "]", "\\"": 1}`), `{"}": "]", "\\"": 1}\n`);
});

Deno.test("line breaks between tokens become spaces, because they end messages", () => {
  equal(messagesOf('{\r\n  "a":\n1\r}'), '{   "a": 1 }\n');
  equal(messagesOf("[\n1,\n2\n]"), "1\n2\n");
});

Deno.test("what is no JSON in UTF-8 is refused", () => {
  const texts = [
    "",
    " ",
    "[",
    "[1,]",
    "[1 2]",
    "1 2",
    "{'a':1}",
    "nul",
    "01",
    '"\n"',
    '"\t"',
    "[1]]",
    "NaN",
    "\u00a01",
    "\v1",
    "[1\u00a0]",
  ];
  for (const text of texts) {
    throws(() => toMessages(bytesOf(text)), { name: "StreamError", code: "invalid" }, JSON.stringify(text));
  }
  for (const bytes of [[0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0xff, 0xfe, 0x31, 0]]) {
    throws(() => toMessages(new Uint8Array(bytes)), { name: "StreamError", code: "invalid" }, String(bytes));
  }
  equal(messagesOf("[1]"), "1\n"); // and nothing is left over of them
});

Deno.test("deep nesting is cut or refused, and breaks nothing", () => {
  const depth = 5000;
  const deep = "[".repeat(depth) + "]".repeat(depth);
  equal(messagesOf(deep), deep.slice(1, -1) + "\n");
  throws(() => toMessages(bytesOf("[".repeat(1_000_000))), { name: "StreamError", code: "invalid" });
});

Deno.test("messages hold the same values as the array they came in, whatever those are", () => {
  const random = randomFrom(5);
  for (let i = 0; i < 300; i++) {
    const values = Array.from({ length: random(6) }, () => randomValue(random, 3));
    const messages = messagesOf(JSON.stringify(values, null, random(3)));
    const lines = messages === "" ? [] : messages.slice(0, -1).split("\n");
    deepEqual(lines.map((line) => JSON.parse(line)), values);
  }
});

function randomValue(random: Random, depth: number): unknown {
  const texts = ['"', "\\", "[", "]}", ",", "\n", "é", "", 'a\\"b'];
  const kind = random(depth > 0 ? 6 : 4);
  if (kind < 2) return texts[random(texts.length)] + texts[random(texts.length)];
  if (kind === 2) return random(1000) / 8 - 50;
  if (kind === 3) return [true, false, null][random(3)];
  const values = Array.from({ length: random(4) }, () => randomValue(random, depth - 1));
  return kind === 4 ? values : Object.fromEntries(values.map((value, i) => [texts[i], value]));
}

Deno.test("messages are counted by their ends", () => {
  const bytes = bytesOf("1\n22\n333\n4");
  equal(wholeMessages(bytes), 9);
  equal(wholeMessages(bytesOf("12")), 0);
  deepEqual([0, 1, 2, 3, 4].map((count) => skipMessages(bytes, count)), [0, 2, 5, 9, -1]);
});

eachStore("a stream of JSON takes values and gives whole messages", async (tested) => {
  await tested.store.create("a", { contentType: json, bytes: bytesOf('[{"n":1.10}, [2]]') });
  await tested.store.append("a", bytesOf("3"), { contentType: "application/json; charset=utf-8" });
  await refused("invalid", tested.store.append("a", bytesOf("[]")));
  await refused("invalid", tested.store.append("a", bytesOf("{")));
  await refused("invalid", tested.store.create("b", { contentType: json, bytes: bytesOf("{") }));
  equal((await tested.store.create("empty", { contentType: json, bytes: bytesOf("[]") })).stream.tail, 0);
  await tested.again();
  const { store } = tested;
  equal(await readText(store, "a"), '{"n":1.10}\n[2]\n3\n');
  for (
    const [from, max, text] of [[0, 1, '{"n":1.10}\n'], [0, 14, '{"n":1.10}\n'], [0, 15, '{"n":1.10}\n[2]\n'], [
      11,
      100,
      "[2]\n3\n",
    ], [17, 1, ""]] as const
  ) {
    equal(textOf((await store.read("a", from, max)).bytes), text, `${from} ${max}`);
  }
  for (const from of [1, 10, 12, 16]) await refused("invalid", store.read("a", from, 100), String(from));
  await store.append("a", new Uint8Array(0), { end: "closed" });
  const last = await store.read("a", 15, 1);
  deepEqual([textOf(last.bytes), last.end], ["3\n", "closed"]);
});

eachStore("a message is read whole, however long it is and wherever it lies", async (tested) => {
  const sizes = [5, 100, 40_000, 3, 600_000, 70_000, 1];
  await tested.store.create("a", { contentType: json });
  const messages = sizes.map((size, i) => `"${`${i}`.repeat(size)}"`);
  for (const message of messages) await tested.store.append("a", bytesOf(message));
  await tested.again();
  let at = 0;
  for (const message of messages) {
    const { bytes, next } = await tested.store.read("a", at, 3);
    equal(textOf(bytes) === message + "\n", true);
    at = next;
  }
  equal(at, tested.store.head("a")!.tail);
});

eachStore("the place where the next message begins is found from any other", async (tested) => {
  await tested.store.create("json", { contentType: json, bytes: bytesOf('["aa", "bb", "cc"]') });
  await tested.store.create("text", { contentType: "text/plain", bytes: bytesOf("012345678901234") });
  await tested.again();
  const all = (id: string) => Promise.all([0, 1, 4, 5, 6, 14, 15, 99].map((at) => tested.store.boundaryAt(id, at)));
  deepEqual(await all("json"), [0, 5, 5, 5, 10, 15, 15, 15]);
  deepEqual(await all("text"), [0, 1, 4, 5, 6, 14, 15, 15]);
  await refused("not-found", tested.store.boundaryAt("none", 0));
});

Deno.test("an append to a JSON stream that would keep all others waiting is refused", () => {
  const bytes = new TextEncoder().encode(`[${"1,".repeat(limits.jsonAppendBytes / 2)}1]`);
  throws(() => toMessages(bytes), { code: "too-large" });
});
