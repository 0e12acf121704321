import { equal, ok } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { GrowthPool, ReceiveWindow } from "../../../src/mesh/session/receive_window.ts";

const { streamWindowBytes, streamWindowBytesMax, windowGrowthBytes, windowQuickMs } = meshLimits;
const quick = windowQuickMs - 1;

/** A reader who takes all that comes. @returns what it may get at once in the end */
function readAll(window: ReceiveWindow, stepMs: number, turns = 100): number {
  let nowMs = 0;
  let credit = streamWindowBytes;
  for (let i = 0; i < turns; i++) {
    const bytes = Math.ceil(credit / 2);
    ok(window.receive(bytes));
    credit += window.read(bytes, () => nowMs += stepMs) - bytes;
  }
  return credit;
}

Deno.test("a window holds as much as it says, and no byte more", () => {
  const window = new ReceiveWindow(new GrowthPool());
  ok(window.receive(streamWindowBytes));
  ok(!window.receive(1));
});

Deno.test("what was read is granted again when it is worth a frame", () => {
  const window = new ReceiveWindow(new GrowthPool());
  ok(window.receive(streamWindowBytes));
  equal(window.read(streamWindowBytes / 2 - 1, () => 0), 0);
  equal(window.read(1, () => 0), streamWindowBytes / 2);
  ok(window.receive(streamWindowBytes / 2));
  ok(!window.receive(1));
});

Deno.test("a window grows for a quick reader up to its bound, and for a slow one it stays", () => {
  equal(readAll(new ReceiveWindow(new GrowthPool()), quick), streamWindowBytesMax);
  equal(readAll(new ReceiveWindow(new GrowthPool()), windowQuickMs), streamWindowBytes);
});

Deno.test("what all windows grow by is bounded, and given back", () => {
  const pool = new GrowthPool();
  const windows = Array.from({ length: 20 }, () => new ReceiveWindow(pool));
  const sizes = windows.map((window) => readAll(window, quick));
  const growth = sizes.reduce((sum, size) => sum + size - streamWindowBytes, 0);
  ok(growth <= windowGrowthBytes && growth > windowGrowthBytes - streamWindowBytesMax, String(growth));
  ok(sizes.includes(streamWindowBytesMax) && sizes.includes(streamWindowBytes));
  for (const window of windows) {
    window.close();
    window.close(); // gives nothing back that it has not taken
  }
  ok(pool.take(windowGrowthBytes));
  ok(!pool.take(1));
});
