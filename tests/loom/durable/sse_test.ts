import { deepEqual, equal } from "node:assert/strict";
import { base64Event, controlEvent, isText, textEvent, wholeText } from "../../../src/loom/durable/sse.ts";
import { parseEvents } from "./conformance/event_parser.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

Deno.test("textEvent() writes a data line for each line, whatever breaks it", () => {
  equal(decode(textEvent(encode("a\nb\rc\r\nd"), "7")), "event: data\ndata:a\ndata:b\ndata:c\ndata:d\nid: 7\n\n");
});

Deno.test("textEvent() keeps empty lines, and a space at the beginning of a line, which readers take away once", () => {
  equal(decode(textEvent(encode(" a\n\n  b\n"), "7")), "event: data\ndata:  a\ndata:\ndata:   b\ndata:\nid: 7\n\n");
});

Deno.test("textEvent() carries any text to a browser, but for the kind of its line breaks", () => {
  const letters = [
    "\r",
    "\n",
    "\r\n",
    " ",
    ":",
    "data:",
    "event: control",
    "id: 9",
    "é",
    "😀",
    "\u2028",
    "\0",
    "\ufeff",
  ];
  for (let run = 0; run < 500; run++) {
    const text = Array.from({ length: run % 12 }, () => letters[Math.floor(Math.random() * letters.length)]).join("");
    const stream = decode(textEvent(encode(text), "7")) + decode(textEvent(encode("next"), "8"));
    const expected = [
      { type: "data", data: text.replace(/\r\n?/g, "\n"), id: "7" },
      { type: "data", data: "next", id: "8" },
    ];
    deepEqual(parseEvents(stream), expected, JSON.stringify(text));
  }
});

Deno.test("base64Event() carries any bytes, a view into a larger buffer too", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256).subarray(3, 290);
  const [event] = parseEvents(decode(base64Event(bytes, "7")));
  deepEqual(Uint8Array.from(atob(event.data), (c) => c.charCodeAt(0)), Uint8Array.from(bytes));
});

Deno.test("controlEvent() says where to go on, and its id is the same", () => {
  const control = { offset: "a_1", cursor: 5, upToDate: true };
  const data = '{"streamNextOffset":"a_1","streamCursor":"5","upToDate":true}';
  deepEqual(parseEvents(decode(controlEvent(control))), [{ type: "control", data, id: "a_1" }]);
});

Deno.test("controlEvent() has no cursor when the stream has ended, and tells an abort from a close", () => {
  const told = (end: "closed" | "aborted") =>
    JSON.parse(parseEvents(decode(controlEvent({ offset: "a", cursor: 5, upToDate: true, end })))[0].data);
  deepEqual(told("closed"), { streamNextOffset: "a", streamClosed: true });
  deepEqual(told("aborted"), { streamNextOffset: "a", streamClosed: true, streamEnd: "aborted" });
});

Deno.test("wholeText() leaves a character for later of which a part is missing", () => {
  for (const char of ["é", "€", "😀"]) {
    const bytes = encode("ab" + char);
    for (let length = 3; length < bytes.length; length++) equal(wholeText(bytes.subarray(0, length)), 2, char);
    equal(wholeText(bytes), bytes.length);
  }
});

Deno.test("wholeText() leaves a carriage return for later, which may be half of a line break", () => {
  equal(wholeText(encode("ab\r")), 2);
  equal(wholeText(encode("ab\r\n")), 4);
  equal(wholeText(encode("\r")), 0);
});

Deno.test("wholeText() does not wait for an end to bytes that are no text", () => {
  equal(wholeText(Uint8Array.of(0x80, 0x80, 0x80, 0x80)), 4);
  equal(wholeText(Uint8Array.of(0xff, 0x61)), 2);
  equal(wholeText(new Uint8Array()), 0);
});

Deno.test("isText() is true for text and JSON only", () => {
  for (const type of ["text/plain", "TEXT/HTML; charset=utf-8", "application/json", "Application/JSON;a=b"]) {
    equal(isText(type), true, type);
  }
  for (const type of ["application/octet-stream", "application/ndjson", "image/png", "application/jsonx", ""]) {
    equal(isText(type), false, type);
  }
});
