import { deepEqual, equal, match, throws } from "node:assert/strict";
import { limits } from "../../src/limits.ts";
import { formatMetadata, parseMetadata } from "../../src/loom/metadata.ts";

/** A header field as it arrives: a unit for each byte. */
const asReceived = (text: string) => String.fromCharCode(...new TextEncoder().encode(text));

Deno.test("metadata may be any JSON value, and none at all", () => {
  for (const value of [{ a: [1, "x", null] }, [], "text", 0, false, null]) {
    deepEqual(parseMetadata(JSON.stringify(value)), value);
  }
  equal(parseMetadata(null), undefined);
});

Deno.test("metadata in raw UTF-8 and in escapes are the same, and are sent as ASCII", () => {
  const value = { name: "Zoë 漢字 🎈" };
  deepEqual(parseMetadata(asReceived(JSON.stringify(value))), value);
  const field = formatMetadata(value);
  match(field, /^[\x20-\x7e]*$/);
  equal(field, '{"name":"Zo\\u00eb \\u6f22\\u5b57 \\ud83c\\udf88"}');
  deepEqual(parseMetadata(field), value);
  equal(formatMetadata("\x7f\u2028"), '"\\u007f\\u2028"');
});

Deno.test("no metadata are sent as an empty object", () => equal(formatMetadata(undefined), "{}"));

Deno.test("metadata that are no JSON, no UTF-8, too long or too deep are refused with 400", () => {
  const tooDeep = "[".repeat(limits.streamMetadataDepth + 1) + "]".repeat(limits.streamMetadataDepth + 1);
  const tooLong = JSON.stringify("x".repeat(limits.streamMetadataBytes - 1));
  for (const field of ["", "{", "{'a': 1}", "undefined", "1, 2", '"\xe9"', tooDeep, tooLong]) {
    throws(() => parseMetadata(field), { name: "HttpError", status: 400 }, field.slice(0, 20));
  }
  parseMetadata(JSON.stringify("x".repeat(limits.streamMetadataBytes - 2)));
  parseMetadata(tooDeep.slice(1, -1));
});
