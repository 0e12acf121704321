/** Every message of the opening, replaced and changed in every way: nobody gets in by it, and nothing breaks. */

import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { MeshError } from "../../src/mesh/mesh_error.ts";
import type { MemoryLink } from "../support/mesh/link_pair.ts";
import { settle } from "../support/mesh/manual_clock.ts";
import { type Bytes, Meeting, timeoutMs } from "../support/mesh/meeting.ts";

const CASES = 10_000;

/** What is done to a message, which stands behind its length of two bytes. @returns what is sent instead */
type Change = (frame: Bytes) => Bytes;

const framed = (message: Iterable<number>): Bytes => {
  const bytes = Uint8Array.from(message);
  return Uint8Array.of(bytes.byteLength >>> 8, bytes.byteLength & 0xff, ...bytes);
};

const garbage = fc.uint8Array({ maxLength: 300 });

/** Bits changed anywhere, in the length too. */
const flip: fc.Arbitrary<Change> = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
  minLength: 1,
  maxLength: 4,
}).map((flips) => (frame) => {
  const bytes = new Uint8Array(frame);
  for (const [at, bits] of flips) bytes[at % bytes.byteLength] ^= bits;
  return bytes;
});

const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: flip },
  // Cut, with the length that it was to have, and with the one that it has.
  fc.nat().map((at) => (frame: Bytes) => frame.slice(0, at % frame.byteLength)),
  fc.nat().map((at) => (frame: Bytes) => framed(frame.slice(2, 2 + at % (frame.byteLength - 2)))),
  fc.uint8Array({ minLength: 1, maxLength: 1100 }).map((more) => (frame: Bytes) =>
    framed([...frame.slice(2), ...more])
  ),
  garbage.map((bytes) => () => new Uint8Array(bytes)),
  garbage.map((bytes) => () => framed(bytes)),
  garbage.map((bytes) => (frame: Bytes) => Uint8Array.of(...frame.slice(0, 2), ...bytes)),
  fc.nat().map((at) => (frame: Bytes) =>
    Uint8Array.of(...frame.slice(0, 2), ...frame.slice(2).fill(0, at % frame.length))
  ),
);

const isEqual = (one: Bytes, other: Bytes) => one.length === other.length && one.every((byte, i) => byte === other[i]);

/** Cuts a piece into several, none of them empty. */
const split = (bytes: Bytes, step: number): Bytes[] =>
  Array.from({ length: Math.ceil(bytes.byteLength / step) }, (_, i) => bytes.slice(i * step, (i + 1) * step));

/** What came of a promise. Asked for at once, so that no refusal is without somebody who hears of it. */
const outcome = <Result>(promise: Promise<Result>) => promise.then(() => "in" as const, (error: unknown) => error);

/** Changes one message of a link. @returns whether it was sent, and was another one then */
function tamper(link: MemoryLink, message: number, change: Change, step: number): () => boolean {
  let isChanged = false;
  link.shape = (frame) => {
    if (link.written.length !== message + 1) return [frame];
    const changed = change(frame);
    isChanged = !isEqual(changed, frame);
    return split(changed, step);
  };
  return () => isChanged;
}

Deno.test("no message of the opening can be changed without the other side's refusing it", async () => {
  const [sides, steps, keys] = [fc.nat({ max: 1 }), fc.integer({ min: 7, max: 2000 }), fc.boolean()];
  const property = fc.asyncProperty(sides, sides, changes, steps, keys, async (side, message, change, step, hasKey) => {
    const meeting = new Meeting();
    const options = hasKey ? { networkKey: new Uint8Array(32).fill(1) } : {};
    const outcomes = [outcome(meeting.anna(options)), outcome(meeting.bert(options))];
    const isChanged = tamper(meeting.links[side], message, change, step);
    await settle();
    fc.pre(isChanged());
    meeting.clock.pass(timeoutMs);
    const [ofAnna, ofBert] = await Promise.all(outcomes);
    ok(ofAnna instanceof MeshError, String(ofAnna));
    // Bert has let Anna in before he sends his last message: she only does not know it.
    if (side === 1 && message === 1) equal(ofBert, "in");
    else ok(ofBert instanceof MeshError, String(ofBert));
    meeting.isOver();
  });
  await fc.assert(property, { numRuns: CASES });
});
