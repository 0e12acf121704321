/** Bodies at the pace of their readers, and what others feel of it. */

import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { FrameType } from "../../../src/mesh/session/frames.ts";
import type { MeshStream } from "../../../src/mesh/session/mesh_stream.ts";
import type { MemoryLink } from "../../support/mesh/link_pair.ts";
import { frame, rawPair } from "../../support/mesh/raw_peer.ts";
import { type Bytes, headOf, patterned, quiet, sendAll, sessionPair } from "../../support/mesh/session_pair.ts";
import { until, within } from "../../support/within.ts";

const MIB = 1024 * 1024;
const { streamWindowBytes, streamWindowBytesMax, windowQuickMs, sealedAtOnce, noiseMessageBytes } = meshLimits;
const none = new Uint8Array(0);

const u32 = (value: number): Bytes => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
const writtenBy = ({ written }: MemoryLink) => written.reduce((sum, { byteLength }) => sum + byteLength, 0);
const macrotask = () => new Promise<void>((resolve) => setTimeout(resolve));

/** Reads a body and compares it with what it should be. */
async function compare(stream: MeshStream, body: Bytes, pause: () => void | Promise<void> = () => {}): Promise<void> {
  let at = 0;
  for (let chunk = await stream.read(); chunk; chunk = await stream.read()) {
    ok(chunk.byteLength > 0);
    const expected = body.subarray(at, at + chunk.byteLength);
    if (chunk.some((byte, i) => byte !== expected[i])) {
      throw new Error(`Another byte within ${chunk.byteLength} at ${at}`);
    }
    at += chunk.byteLength;
    await pause();
  }
  equal(at, body.byteLength);
}

Deno.test("a sender stops at the credit that it has, and goes on when it gets more", async () => {
  const { peer, end } = rawPair({ roomBytes: 100 * MIB });
  const body = patterned(10 * streamWindowBytes);
  const sent = () => peer.got(FrameType.data).reduce((sum, { payload }) => sum + payload.byteLength, 0);
  const stream = end.session.open(none);
  const sending = sendAll(stream, body);
  await until("the credit is used up", () => sent() === streamWindowBytes);
  peer.send(frame(FrameType.window, 2, u32(1)));
  await until("one byte more came", () => sent() === streamWindowBytes + 1);
  peer.send(frame(FrameType.window, 2, u32(5000)), frame(FrameType.window, 2, u32(7000)));
  await until("what was granted came", () => sent() === streamWindowBytes + 12_001);
  peer.send(frame(FrameType.window, 2, u32(100 * MIB)));
  ok(await within("all is taken", sending));
  await until("all came", () => sent() === body.byteLength);
  ok(peer.got(FrameType.data).at(-1)!.isLast);
});

Deno.test("a window grows for a reader that keeps up, to its bound", async () => {
  const { peer, end } = rawPair({ roomBytes: 100 * MIB });
  peer.send(frame(FrameType.open, 1));
  const { stream } = await end.next();
  let credit = streamWindowBytes;
  peer.onFrame = ({ type, payload }) => {
    if (type === FrameType.window) credit += new DataView(payload.buffer).getUint32(0);
  };
  for (let turn = 0; turn < 300; turn++) {
    if (credit === 0) await until("more is granted", () => credit > 0);
    const bytes = Math.min(credit, 50_000);
    credit -= bytes;
    peer.send(frame(FrameType.data, 1, new Uint8Array(bytes)));
    ok(await stream.read());
  }
  await until("it has grown", () => credit > streamWindowBytesMax / 2);
  ok(credit <= streamWindowBytesMax, String(credit));
  deepEqual(end.ends, []);
});

Deno.test("a thousand streams that nobody reads hold up no other one", async () => {
  const { a, b } = sessionPair();
  const stalled = Array.from({ length: 1000 }, () => {
    const stream = a.session.open(none);
    void sendAll(stream, new Uint8Array(2 * streamWindowBytes), streamWindowBytes);
    return stream;
  });
  await until("all of them have begun", () => b.begun.length === 1000);
  const body = patterned(4 * MIB);
  const read = a.session.open(none);
  const sending = sendAll(read, body);
  for (let i = 0; i < 1000; i++) await b.next();
  await within("the one that is read arrives", compare((await b.next()).stream, body));
  ok(await sending);
  for (const { stream } of b.begun) ok(stream.read() instanceof Uint8Array === (stream.id !== read.id));
  for (const stream of stalled) stream.cancel();
  await quiet({ a, b });
});

Deno.test("bodies of any chunks, read with any pauses, arrive both ways as they were sent", async () => {
  const size = fc.oneof(fc.nat(100), fc.nat(70_000), fc.integer({ min: 200_000, max: 600_000 }));
  const direction = fc.record({
    size,
    chunk: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1000, max: 200_000 })),
    pauses: fc.array(fc.nat(3), { minLength: 1, maxLength: 10 }),
  });
  const streams = fc.array(fc.record({ there: direction, back: direction }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(streams, fc.constantFrom(1, 5000, 64 * 1024), async (all, roomBytes) => {
      const { a, b, clock } = sessionPair({ roomBytes });
      const one = async (stream: MeshStream, out: typeof all[0]["there"], into: typeof out) => {
        let turn = 0;
        const pause = async () => {
          const kind = into.pauses[turn++ % into.pauses.length];
          if (kind === 1) await Promise.resolve();
          if (kind === 2 && turn < 20) await macrotask();
          if (kind === 3 && clock.nowMs() < meshLimits.pingMs - windowQuickMs) clock.pass(windowQuickMs);
        };
        // Chunks of some bytes, but not millions of them.
        const chunk = Math.max(out.chunk, Math.ceil(out.size / 5000));
        const [whole] = await Promise.all([
          sendAll(stream, patterned(out.size), chunk),
          compare(stream, patterned(into.size), pause),
        ]);
        ok(whole);
      };
      await within(
        "all have arrived",
        Promise.all(all.map(async ({ there, back }) => {
          const stream = a.session.open(none);
          const begun = await b.next();
          begun.stream.sender.head(FrameType.head, none);
          await Promise.all([one(stream, there, back), one(begun.stream, back, there)]);
        })),
      );
      await quiet({ a, b });
      equal(a.session.load + b.session.load, 0);
    }),
    { numRuns: 15 },
  );
});

Deno.test("a small call comes behind no more than a bounded number of bytes of others", async () => {
  const roomBytes = 64 * 1024;
  const { peer, end } = rawPair({ roomBytes });
  for (let i = 0; i < 3; i++) void sendAll(end.session.open(none), new Uint8Array(8 * MIB));
  await until("they have begun", () => peer.got(FrameType.open).length === 3);
  for (let i = 0; i < 3; i++) peer.send(frame(FrameType.window, 2 + 2 * i, u32(8 * MIB)));
  const came = () => peer.got(FrameType.data).reduce((sum, { payload }) => sum + payload.byteLength, 0);
  await until("they are under way", () => came() > MIB);
  const before = came();
  end.session.open(patterned(100)).sender.close();
  await until("the call comes", () => peer.got(FrameType.open).length === 4);
  const at = peer.frames.findIndex(({ payload }) => payload.byteLength === 100);
  const bulk = peer.frames.slice(0, at).filter(({ type }) => type === FrameType.data);
  const behind = bulk.reduce((sum, { payload }) => sum + payload.byteLength, 0) - before;
  ok(behind <= roomBytes + (2 * sealedAtOnce + 2) * noiseMessageBytes, String(behind));
  // None of the others is much ahead.
  await until("they have come", () => came() === 24 * MIB);
  const half = peer.got(FrameType.data).slice(0, peer.got(FrameType.data).length / 2);
  const sums = [2, 4, 6].map((id) =>
    half.filter(({ stream }) => stream === id).reduce((sum, { payload }) => sum + payload.byteLength, 0)
  );
  ok(Math.max(...sums) - Math.min(...sums) <= 4 * noiseMessageBytes + streamWindowBytes, sums.join());
});

Deno.test("a peer that takes nothing makes its senders wait, and what is held for it is bounded", async () => {
  const { a, b } = sessionPair();
  const other = sessionPair();
  b.link.hold();
  const streams = Array.from({ length: 100 }, () => a.session.open(none));
  let taken = 0;
  for (const { sender } of streams) {
    void (async () => {
      while (await sender.put(new Uint8Array(16 * 1024))) taken += 16 * 1024;
    })();
  }
  await until("nothing more is sent", () => writtenBy(a.link) > 64 * 1024);
  await macrotask();
  ok(writtenBy(a.link) <= 64 * 1024 + (sealedAtOnce + 1) * (noiseMessageBytes + 2), String(writtenBy(a.link)));
  ok(taken <= streams.length * (meshLimits.streamQueueBytes + streamWindowBytes), String(taken));
  const stream = other.a.session.open(none);
  const [whole] = await Promise.all([
    sendAll(stream, patterned(MIB)),
    other.b.next().then((begun) => compare(begun.stream, patterned(MIB))),
  ]);
  ok(whole);
  b.link.release();
  for (const one of streams) one.cancel();
  await quiet({ a, b });
});

Deno.test("what is asked for once a session was blocked is sent when it goes on", async () => {
  const { a, b } = sessionPair({ roomBytes: 10 });
  b.link.hold();
  b.onStream = ({ stream }) => stream.sender.head(FrameType.head, none);
  const heads = Array.from({ length: 50 }, () => headOf(a.session.open(patterned(1000))));
  await macrotask();
  const answer = a.session.ask(Uint8Array.of(1));
  b.link.release();
  await within("all are answered", Promise.all([...heads, answer]));
});
