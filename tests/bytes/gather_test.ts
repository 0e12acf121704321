/** Bytes from several chunks. */

import { deepEqual, equal } from "node:assert/strict";
import { Gather } from "../../src/bytes/gather.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("what is taken piece by piece, and what is left, are all bytes in order", () => {
  for (let size = 1; size <= 7; size++) {
    const gather = new Gather([bytes(1), bytes(), bytes(2, 3, 4), bytes(5, 6), bytes(), bytes(7)]);
    const taken: number[] = [];
    while (gather.left >= size) {
      const piece = new Uint8Array(size);
      gather.fill(piece);
      taken.push(...piece);
    }
    equal(gather.left, 7 - taken.length);
    deepEqual([...taken, ...gather.rest()], [1, 2, 3, 4, 5, 6, 7]);
    equal(gather.left, 0);
    equal(gather.rest().byteLength, 0);
  }
});

Deno.test("of nothing, nothing can be taken", () => {
  equal(new Gather([]).left, 0);
  equal(new Gather([bytes()]).rest().byteLength, 0);
});
