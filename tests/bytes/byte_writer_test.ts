/** What is written is what is read, wherever the writer has to grow. */

import { deepEqual } from "node:assert/strict";
import { ByteReader } from "../../src/bytes/byte_reader.ts";
import { ByteWriter } from "../../src/bytes/byte_writer.ts";

Deno.test("nothing is lost where a writer grows, whatever is written at that place", () => {
  for (let capacity = 1; capacity < 40; capacity++) {
    const writer = new ByteWriter(capacity).u8(1).u16(2).u32(3).u53(2 ** 40).bytes(Uint8Array.of(4, 5, 6)).text8(
      "sieben",
    );
    const reader = new ByteReader(writer.text16("acht").u8(9).done());
    const read = [reader.u8(), reader.u16(), reader.u32(), reader.u53(), [...reader.bytes(3)]];
    deepEqual([...read, reader.text8(), reader.text16(), reader.u8(), reader.left], [
      ...[1, 2, 3, 2 ** 40, [4, 5, 6]],
      ...["sieben", "acht", 9, 0],
    ]);
  }
});
