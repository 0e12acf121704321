/** A node that proved who it is and then breaks the rules: its session ends, and costs no more than it may. */

import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { FRAME_HEAD_BYTES, FrameType, writeFrameHead } from "../../../src/mesh/session/frames.ts";
import { ResetCode } from "../../../src/mesh/session/reset_code.ts";
import { heldBytes } from "../../support/memory.ts";
import { settle } from "../../support/mesh/manual_clock.ts";
import { frame, rawPair, type RawPeer } from "../../support/mesh/raw_peer.ts";
import { type Bytes, noKeys } from "../../support/mesh/session_pair.ts";
import { until } from "../../support/within.ts";

const { open, head, data, trailers, reset, stop, window, ping, goAway, ask, tell } = FrameType;
const MIB = 1024 * 1024;
const some = Uint8Array.of(1);
const opened = frame(open, 1, some);
const answered = frame(head, 2, some);
const windowful = frame(data, 1, new Uint8Array(meshLimits.streamWindowBytes / 2));
const END = true;

/** What may not be said, after an own stream (number 2) was begun. */
const violations: Record<string, Bytes[]> = {
  "a stream with our own kind of number": [frame(open, 4)],
  "the session itself as a stream": [frame(open, 0)],
  "a number a second time": [opened, opened],
  "a number below the last": [frame(open, 3), opened],
  "data on the session itself": [frame(data, 0, some)],
  "data on a stream that was not begun": [frame(data, 1, some)],
  "data on a stream of ours that was not begun": [frame(data, 4, some)],
  "data before the head of an answer": [frame(data, 2, some)],
  "trailers before the head of an answer": [frame(trailers, 2, some, END)],
  "two heads": [answered, answered],
  "a head on a stream of its own": [opened, frame(head, 1, some)],
  "a head after the end": [frame(head, 2, some, END), answered],
  "data after the end": [opened, frame(data, 1, some, END), frame(data, 1, some)],
  "data after a stream without a body": [frame(open, 1, some, END), frame(data, 1, some)],
  "data after trailers": [opened, frame(trailers, 1, some, END), frame(data, 1, some)],
  "two ends": [opened, frame(data, 1, some, END), frame(data, 1, some, END)],
  "trailers that are not the end": [opened, frame(trailers, 1, some)],
  "trailers after the end": [opened, frame(data, 1, some, END), frame(trailers, 1, some, END)],
  "more than it may send": [opened, windowful, windowful, frame(data, 1, some)],
  "more than it may send, after a stop": [opened, windowful, windowful, windowful],
  "a window without a number": [opened, frame(window, 1)],
  "a window of three bytes": [opened, frame(window, 1, new Uint8Array(3))],
  "a window of five bytes": [opened, frame(window, 1, new Uint8Array(5))],
  "windows without end": [opened, ...Array(2).fill(frame(window, 1, new Uint8Array(4).fill(0x7f)))],
  "a reset without a code": [opened, frame(reset, 1)],
  "an answer to no question": [frame(tell, 1, some)],
  "no known type": [frame(0, 0)],
  "no known type, on a stream": [opened, frame(13, 1)],
  "no known type, on a stream that is over": [opened, frame(reset, 1, some), frame(100, 1)],
  "half a frame": [new Uint8Array(3).fill(1)],
  "a frame longer than its message": [frame(data, 1, some).subarray(0, 7)],
  "bytes behind the last frame": [frame(goAway, 0), some],
};

for (const [what, frames] of Object.entries(violations)) {
  Deno.test(`a session ends on ${what}`, async () => {
    const { peer, end } = rawPair();
    const ours = end.session.open(some);
    if (what.endsWith("a stop")) end.onStream = ({ stream }) => stream.cancel();
    await settle();
    // Each in a message of its own, but for what needs to be together.
    if (/half|longer|behind/.test(what)) peer.send(...frames);
    else for (const bytes of frames) peer.send(bytes);
    await until("it has ended", () => end.ends.length > 0);
    equal(end.ends[0].code, "protocol", String(end.ends[0]));
    equal(end.link.ended, "destroy");
    equal(ours.error, end.ends[0]);
    equal(end.session.load, 0);
    await settle();
    equal(end.ends.length, 1);
  });
}

Deno.test("what was on its way when a stream ended is no violation", async () => {
  const { peer, end } = rawPair();
  const ours = end.session.open(some);
  peer.send(opened, answered);
  await settle();
  end.begun[0].stream.reset(ResetCode.failed);
  ours.cancel();
  for (const id of [1, 2]) peer.send(frame(data, id, some), frame(window, id, new Uint8Array(4)), frame(stop, id));
  peer.send(frame(trailers, 1, some, END), frame(reset, 1, some));
  peer.send(frame(ping, 0, some));
  await settle();
  deepEqual(end.ends, []);
  equal(peer.got(FrameType.pong).length, 1);
});

Deno.test("any frames at all end a session or leave it as it is, and nothing else breaks", async () => {
  const types = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.nat(127));
  const anyFrame = fc.tuple(types, fc.nat(6), fc.uint8Array({ maxLength: 12 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { maxLength: 30 }), async (frames) => {
      const { peer, end, clock } = rawPair();
      end.onStream = ({ stream }) => {
        stream.sender.head(head, some);
        void (async () => {
          for (let chunk = await stream.read(); chunk; chunk = await stream.read()) await stream.sender.put(chunk);
          stream.sender.close();
        })().catch(() => {});
      };
      const ours = [end.session.open(some), end.session.open(some)];
      await settle();
      for (const [type, stream, payload, isLast] of frames) {
        peer.send(frame(type, stream, new Uint8Array(payload), isLast));
      }
      await settle();
      for (const { code } of end.ends) ok(code === "protocol" || code === "closed", code);
      ok(end.ends.length <= 1);
      for (const stream of ours) stream.cancel();
      clock.pass(60_000);
      await settle();
      equal(end.ends.length, 1);
      equal(end.session.load, 0);
      equal(clock.pending, 0);
    }),
    { numRuns: 300 },
  );
});

/** Begins a million streams, as fast as they are taken. @returns how many it began before the session ended */
async function floodStreams(peer: RawPeer, isOver: () => boolean): Promise<number> {
  const perMessage = 8000;
  const message = new Uint8Array(perMessage * FRAME_HEAD_BYTES);
  let begun = 0;
  while (begun < 1_000_000 && !isOver()) {
    for (let i = 0; i < perMessage; i++) {
      writeFrameHead(message, i * FRAME_HEAD_BYTES, open, 2 * (begun + i) + 1, 0);
    }
    peer.send(message);
    begun += perMessage;
    // One message at a time, as the link would let it.
    await new Promise<void>((resolve) => setTimeout(resolve));
  }
  return begun;
}

Deno.test("a peer that begins a million streams has some of them, and the rest are refused", async () => {
  const { peer, end } = rawPair();
  let refused = 0;
  peer.onFrame = ({ type, payload }) => {
    if (type === reset && payload[0] === ResetCode.overloaded) refused++;
  };
  const before = heldBytes();
  const begun = await floodStreams(peer, () => end.ends.length > 0);
  await until("the rest are refused", () => refused === begun - meshLimits.streams);
  equal(end.begun.length, meshLimits.streams);
  peer.link.written.length = end.link.written.length = 0; // kept for tests only
  ok(heldBytes() - before < 8 * MIB, String(heldBytes() - before));
  deepEqual(end.ends, []);
  peer.link.destroy();
});

Deno.test("a peer that begins a million streams and takes no answers is let go of", async () => {
  const { peer, end } = rawPair();
  await settle();
  peer.link.hold();
  const before = heldBytes();
  const begun = await floodStreams(peer, () => end.ends.length > 0);
  equal(end.ends[0].code, "protocol");
  ok(begun < 100_000, String(begun));
  peer.link.written.length = end.link.written.length = 0; // kept for tests only
  ok(heldBytes() - before < 8 * MIB, String(heldBytes() - before));
});

Deno.test("questions beyond the bound are refused, and pings are all answered", async () => {
  const { peer, end } = rawPair();
  end.onAsk = () => new Promise(() => {});
  await settle();
  for (let i = 0; i < 100; i++) {
    peer.send(...Array.from({ length: 100 }, (_, j) => frame(ask, 100 * i + j, some)), frame(ping, 0, some));
  }
  await until("all that can be is answered", () => peer.got(FrameType.pong).length === 100);
  equal(end.questions.length, meshLimits.asks);
  equal(peer.got(tell).length, 10_000 - meshLimits.asks);
  equal(end.session.load, meshLimits.asks);
  deepEqual(end.ends, []);
});

Deno.test("a peer that asks for long answers and takes none is let go of", async () => {
  const { peer, end } = rawPair({ keys: noKeys });
  end.onAsk = () => new Uint8Array(40_000);
  await settle();
  peer.link.hold();
  for (let i = 0; i < 10 && !end.session.load && end.ends.length === 0; i++) {
    peer.send(...Array.from({ length: 100 }, (_, j) => frame(ask, 100 * i + j, some)));
    await settle();
  }
  await until("it has ended", () => end.ends.length > 0);
  equal(end.ends[0].code, "protocol");
});
