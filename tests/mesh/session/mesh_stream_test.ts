import { equal, ok } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { FrameType } from "../../../src/mesh/session/frames.ts";
import { MeshStream, type StreamHost } from "../../../src/mesh/session/mesh_stream.ts";
import { GrowthPool } from "../../../src/mesh/session/receive_window.ts";

const { windowGrowthBytes, streamWindowBytes, streamWindowBytesMax } = meshLimits;

/** A stream of the other side's, and what its session has of it. */
function lonely() {
  const growth = new GrowthPool();
  let forgotten = 0;
  const host: StreamHost = {
    ...{ growth, nowMs: () => 0, wake: () => {}, control: () => {} },
    forget: () => forgotten++,
  };
  const stream = new MeshStream(1, false, host);
  const take = (bytes: number, isLast = false) =>
    stream.take({ type: FrameType.data, stream: 1, isLast, payload: new Uint8Array(bytes) });
  /** How much of the pool is left. */
  const left = () => {
    let bytes = 0;
    while (growth.take(streamWindowBytes)) bytes += streamWindowBytes;
    growth.give(bytes);
    return bytes;
  };
  return { stream, take, left, forgotten: () => forgotten };
}

/** Lets a window grow to its bound. */
function grow({ stream, take, left }: ReturnType<typeof lonely>): void {
  for (let i = 0; i < 1000 && left() > windowGrowthBytes - streamWindowBytesMax + streamWindowBytes; i++) {
    ok(take(streamWindowBytes / 2));
    ok(stream.read() instanceof Uint8Array);
  }
  equal(left(), windowGrowthBytes - streamWindowBytesMax + streamWindowBytes);
}

Deno.test("what a window grew by is given back when the stream is over and all was read", () => {
  const one = lonely();
  grow(one);
  ok(one.take(60_000));
  ok(one.take(60_000, true));
  one.stream.sender.break();
  equal(one.forgotten(), 1);
  ok(one.stream.read() instanceof Uint8Array);
  ok(one.left() < windowGrowthBytes); // the rest is still kept for a reader
  ok(one.stream.read() instanceof Uint8Array);
  equal(one.left(), windowGrowthBytes);
  equal(one.stream.read(), undefined);
});

for (const how of ["cancelled", "read"] as const) {
  Deno.test(`it is given back when what came is ${how}`, () => {
    const one = lonely();
    grow(one);
    ok(one.take(60_000, true));
    one.stream.sender.break();
    if (how === "cancelled") one.stream.cancel();
    else while (one.stream.read());
    equal(one.left(), windowGrowthBytes);
    equal(one.forgotten(), 1);
  });
}

Deno.test("it is given back when the stream breaks", () => {
  const one = lonely();
  grow(one);
  one.stream.break(new Error("broken"));
  equal(one.left(), windowGrowthBytes);
  equal(one.forgotten(), 1);
});
