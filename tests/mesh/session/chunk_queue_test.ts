import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { ChunkQueue } from "../../../src/mesh/session/chunk_queue.ts";
import { type Bytes, patterned } from "../../support/mesh/session_pair.ts";

/** A view into a message, as a frame of it is. */
function within(message: number, chunk: Bytes): Bytes {
  const buffer = new Uint8Array(message);
  buffer.set(chunk, message - chunk.byteLength);
  return buffer.subarray(message - chunk.byteLength);
}

/** What a queue keeps in memory: its buffers, and some more for each chunk. */
function kept(queue: ChunkQueue): number {
  const chunks = queue.takeAll();
  const buffers = new Set(chunks.map(({ buffer }) => buffer));
  return chunks.length * 200 + [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

Deno.test("bytes come out as they went in, whatever the chunks", () => {
  const step = fc.oneof(
    fc.record({ put: fc.oneof(fc.nat(50), fc.nat(9000)), message: fc.integer({ min: 9000, max: 65_000 }) }),
    fc.constant("take" as const),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const queue = new ChunkQueue();
    const [sent, got]: [number[], number[]] = [[], []];
    const taken: [Bytes, Bytes][] = [];
    for (const [seed, one] of steps.entries()) {
      if (one === "take") {
        const chunk = queue.shift();
        if (!chunk) continue;
        got.push(...chunk);
        taken.push([chunk, chunk.slice()]);
      } else {
        const chunk = patterned(one.put, seed);
        sent.push(...chunk);
        queue.push(within(one.message, chunk));
      }
    }
    for (const chunk of queue.takeAll()) got.push(...chunk);
    ok(queue.isEmpty);
    deepEqual(got, sent);
    for (const [chunk, copy] of taken) deepEqual(chunk, copy); // what was taken does not change any more
  }));
});

Deno.test("single bytes don't take more than some times their size", () => {
  const queue = new ChunkQueue();
  for (let i = 0; i < 64 * 1024; i++) queue.push(within(24, Uint8Array.of(i)));
  ok(kept(queue) < 2 * 64 * 1024);
});

Deno.test("a small part of a message does not keep all of it", () => {
  const queue = new ChunkQueue();
  for (let i = 0; i < 13; i++) queue.push(within(65_000, patterned(5000)));
  ok(kept(queue) < 2 * 64 * 1024);
});

Deno.test("a large part of a message is not copied", () => {
  const queue = new ChunkQueue();
  const chunk = within(65_000, patterned(64_900));
  queue.push(chunk);
  equal(queue.shift(), chunk);
});
