import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { MessageSplitter } from "../../../src/mesh/session/message_splitter.ts";
import { splits } from "../../support/sources.ts";
import { type Bytes, patterned } from "../../support/mesh/session_pair.ts";

function behindLengths(messages: readonly Bytes[]): Bytes {
  return new Uint8Array(
    messages.flatMap((message) => [message.byteLength >>> 8, message.byteLength & 0xff, ...message]),
  );
}

/** What comes out; each message is copied, because it holds only for the moment. */
function split(pieces: readonly Bytes[]): Bytes[] {
  const splitter = new MessageSplitter();
  const messages: Bytes[] = [];
  for (const piece of pieces) {
    const kept = piece.slice();
    splitter.push(kept, (message) => messages.push(message.slice()));
    kept.fill(0xee); // nothing of it may be looked at later
  }
  return messages;
}

Deno.test("messages are found wherever what comes is cut", () => {
  const messages = [patterned(5), patterned(0), patterned(1), patterned(300), patterned(17)];
  for (const pieces of splits(behindLengths(messages))) deepEqual(split(pieces), messages);
});

Deno.test("messages of any length come out of pieces of any length", () => {
  const lengths = fc.array(fc.oneof(fc.nat(40), fc.nat(5000), fc.constant(65_535)), { maxLength: 8 });
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 70_000 })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(lengths, cuts, (lengths, cuts) => {
      const messages = lengths.map((length, seed) => patterned(length, seed));
      const whole = behindLengths(messages);
      const pieces: Bytes[] = [];
      for (let at = 0, i = 0; at < whole.byteLength; i++) {
        // Short pieces only here and there: each is a call.
        const length = i < 200 ? cuts[i % cuts.length] : 65_536;
        pieces.push(whole.slice(at, at + length));
        at += length;
      }
      const got = split(pieces);
      equal(got.length, messages.length);
      got.forEach((message, i) => deepEqual(message, messages[i]));
    }),
    { numRuns: 100 },
  );
});

Deno.test("messages of two connections don't mix, though both wait for their rest", () => {
  const [one, other] = [new MessageSplitter(), new MessageSplitter()];
  const [first, second] = [behindLengths([patterned(400, 1)]), behindLengths([patterned(400, 2)])];
  const got: Bytes[] = [];
  const take = (message: Bytes) => got.push(message.slice());
  one.push(first.slice(0, 100), take);
  other.push(second.slice(0, 200), take);
  one.push(first.slice(100), take);
  other.push(second.slice(200), take);
  deepEqual(got, [patterned(400, 1), patterned(400, 2)]);
});

Deno.test("what begins while a message is taken does not spoil it", () => {
  const [outer, inner] = [new MessageSplitter(), new MessageSplitter()];
  const bytes = behindLengths([patterned(500, 1)]);
  outer.push(bytes.slice(0, 100), () => {});
  outer.push(bytes.slice(100), (message) => {
    inner.push(behindLengths([patterned(500, 2)]).slice(0, 300), () => {});
    deepEqual(message, patterned(500, 1));
  });
});
