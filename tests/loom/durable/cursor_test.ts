import { equal, ok } from "node:assert/strict";
import { intervalAt, nextCursor } from "../../../src/loom/durable/cursor.ts";

const now = Date.UTC(2024, 9, 9, 1); // an hour after the first interval began

Deno.test("intervalAt() counts 20 seconds each from the protocol's epoch", () => {
  equal(intervalAt(Date.UTC(2024, 9, 9)), 0);
  equal(intervalAt(now - 1), 179);
  equal(intervalAt(now), 180);
});

Deno.test("nextCursor() is the interval of now for a reader without a cursor, or with one that is behind", () => {
  equal(nextCursor(undefined, now), 180);
  equal(nextCursor("179", now), 180);
});

Deno.test("nextCursor() is always greater than a cursor that is not behind, by at most an hour", () => {
  for (const given of ["180", "181", "999999999999999"]) {
    equal(nextCursor(given, now, () => 0), Number(given) + 1);
    equal(nextCursor(given, now, () => 0.999999), Number(given) + 180);
    ok(nextCursor(given, now) > Number(given));
  }
});

Deno.test("nextCursor() takes a cursor that the server never gave for none", () => {
  for (const given of ["", "abc", "-1", "1e9", "180.5", "0x200", "9".repeat(16), " 200"]) {
    equal(nextCursor(given, now), 180, given);
  }
});
