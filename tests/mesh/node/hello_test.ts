/** What nodes say when they meet, as bytes. */

import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { MalformedError } from "../../../src/bytes/byte_reader.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import {
  readHello,
  readOneAddress,
  readWelcome,
  writeAddress,
  writeHello,
  writeWelcome,
} from "../../../src/mesh/node/hello.ts";

const address = fc.string({ maxLength: 40 });

Deno.test("a hello is read as it was written", () => {
  const hello = fc.record({
    keep: fc.boolean(),
    claims: fc.array(address, { maxLength: meshLimits.addresses }),
    reachedAt: fc.array(address, { maxLength: 2 }),
  });
  fc.assert(fc.property(hello, (said) => deepEqual(readHello(writeHello(said)), said)));
});

Deno.test("so is its answer, and an address that is proven", () => {
  fc.assert(fc.property(fc.boolean(), address, (keeps, host) => {
    deepEqual(readWelcome(writeWelcome({ keeps, host })), { keeps, host });
    equal(readOneAddress(writeAddress(host)), host);
  }));
});

Deno.test("bytes of strangers are read, or refused as malformed, and nothing else", () => {
  for (const read of [readHello, readWelcome, readOneAddress]) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          read(new Uint8Array(bytes));
        } catch (error) {
          if (!(error instanceof MalformedError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  }
});

Deno.test("what is left over, too many addresses, and one that is too long are refused", () => {
  const hello = writeHello({ keep: true, claims: [], reachedAt: [] });
  throws(() => readHello(Uint8Array.of(...hello, 0)), MalformedError);
  throws(() => readHello(Uint8Array.of(2, 0, 0)), MalformedError);
  const many = Array<string>(meshLimits.addresses + 1).fill("tcp://10.0.0.1:1");
  throws(() => readHello(writeHello({ keep: true, claims: many, reachedAt: [] })), MalformedError);
  throws(() => readHello(writeHello({ keep: true, claims: [], reachedAt: many.slice(0, 3) })), MalformedError);
  throws(() => readOneAddress(writeAddress("x".repeat(meshLimits.addressBytes + 1))), MalformedError);
});
