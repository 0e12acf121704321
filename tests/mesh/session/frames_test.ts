import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { eachFrame, END, FRAME_HEAD_BYTES, writeFrameHead } from "../../../src/mesh/session/frames.ts";
import { frame } from "../../support/mesh/raw_peer.ts";
import type { Bytes } from "../../support/mesh/session_pair.ts";

const bytes = (most: number) => fc.uint8Array({ maxLength: most }).map((array) => new Uint8Array(array));
const anyFrame = fc.record({
  type: fc.integer({ min: 0, max: END - 1 }),
  isLast: fc.boolean(),
  stream: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  payload: bytes(300),
});

function joined(parts: readonly Bytes[]): Bytes {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("frames come out of a message as they were put into it", () => {
  fc.assert(fc.property(fc.array(anyFrame, { maxLength: 20 }), (frames) => {
    const message = joined(frames.map((one) => frame(one.type, one.stream, one.payload, one.isLast)));
    const got: unknown[] = [];
    ok(eachFrame(message, (one) => got.push(one) > 0));
    deepEqual(got, frames);
  }));
});

Deno.test("a message that is cut anywhere but between frames is none", () => {
  fc.assert(fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 5 }), fc.nat(), (frames, chance) => {
    const parts = frames.map((one) => frame(one.type, one.stream, one.payload, one.isLast));
    const message = joined(parts);
    const cut = chance % message.byteLength;
    let end = 0;
    const ends = new Set([0, ...parts.map((part) => end += part.byteLength)]);
    equal(eachFrame(message.subarray(0, cut), () => true), ends.has(cut));
  }));
});

Deno.test("garbage is read within its bounds, and every frame of it lies behind the one before", () => {
  fc.assert(
    fc.property(bytes(2000), (garbage) => {
      let at = 0;
      const isWhole = eachFrame(garbage, ({ payload }) => {
        equal(payload.byteOffset, at + FRAME_HEAD_BYTES);
        at = payload.byteOffset + payload.byteLength;
        ok(at <= garbage.byteLength);
        return true;
      });
      equal(isWhole, at === garbage.byteLength);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("no more frames are given to who wants no more", () => {
  const message = joined([frame(3, 1), frame(3, 3), frame(3, 5)]);
  const streams: number[] = [];
  ok(eachFrame(message, ({ stream }) => streams.push(stream) < 2));
  deepEqual(streams, [1, 3]);
});

Deno.test("writeFrameHead() says where the payload begins", () => {
  const buffer = new Uint8Array(20);
  equal(writeFrameHead(buffer, 5, 3, 2 ** 32 - 1, 65_535), 12);
  deepEqual([...buffer.subarray(5, 12)], [3, 255, 255, 255, 255, 255, 255]);
});
