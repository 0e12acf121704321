/** How many children a warm parent keeps, as a model without a clock and without children. */

import { equal, ok } from "node:assert/strict";
import { type PoolBounds, PoolSize } from "../../../src/process/warm/pool_size.ts";

/** Runs that come and go, a step each millisecond; a tick each second, as the launcher does. */
class Model {
  readonly size: PoolSize;
  /** Every target that was told to the parent. */
  readonly told: number[] = [];
  nowMs = 1_000_000;
  running = 0;
  #ends: number[] = [];

  constructor(bounds: Partial<PoolBounds> = {}) {
    this.size = new PoolSize({ sparesMax: 8, runsMax: 256, ...bounds });
    this.size.begin(this.nowMs);
    this.tell();
  }

  tell(): void {
    if (this.size.target !== this.told.at(-1)) this.told.push(this.size.target);
  }

  start(durationMs: number): void {
    this.size.start(this.nowMs);
    this.running++;
    this.#ends.push(this.nowMs + durationMs);
    this.tell();
  }

  /** Lets time pass; `starts` gives how many runs begin in a millisecond. */
  pass(ms: number, starts: (ms: number) => number = () => 0, durationMs = 10): void {
    for (let i = 0; i < ms; i++) {
      this.nowMs++;
      const over = this.#ends.filter((end) => end <= this.nowMs).length;
      this.#ends = this.#ends.filter((end) => end > this.nowMs);
      for (let j = 0; j < over; j++) this.size.end();
      this.running -= over;
      for (let j = starts(i); j > 0; j--) this.start(durationMs);
      if (this.nowMs % 1000 === 0) this.size.tick(this.nowMs);
      this.tell();
      const { target } = this.size;
      ok(this.running === 0 || target > this.running || target >= 256, `${this.running} run with ${target} children`);
    }
  }
}

Deno.test("a pool begins with two spares, with fewer where fewer are wanted", () => {
  equal(new Model().size.target, 2);
  equal(new Model({ sparesMax: 1 }).size.target, 1);
});

Deno.test("a pool grows with the runs at a time, and by more than one at a time", () => {
  const model = new Model();
  for (let i = 1; i <= 100; i++) {
    model.start(1e6);
    ok(model.size.target > i, `${i} run, and nobody waits for the next`);
  }
  ok(model.size.target < 140, `${model.size.target} children for 100 runs`);
  ok(model.told.length < 25, `the parent was told ${model.told.length} targets`);
});

Deno.test("the spares grow with the rate, as far as they may", () => {
  const spares = (sparesMax: number, starts: (ms: number) => number) => {
    const model = new Model({ sparesMax });
    model.pass(12_000, starts, 1);
    return model.size.target - 1;
  };
  ok(spares(64, (ms) => Number(ms % 100 === 0)) <= 3, "ten a second need no more than three");
  ok(spares(64, () => 1) >= 4, "a thousand a second: as many as come in while one is forked");
  equal(spares(4, () => 1), 4);
});

Deno.test("a steady load sends the parent no word", () => {
  const model = new Model();
  const steady = (ms: number) => Number(ms % 2 === 0);
  model.pass(12_000, steady, 20);
  const before = model.told.length;
  model.pass(30_000, steady, 20);
  equal(model.told.length, before, `${model.told}`);
});

Deno.test("of what a burst has made as many as may wait are kept for some seconds, and then given up", () => {
  const model = new Model();
  for (let i = 0; i < 60; i++) model.start(50);
  ok(model.size.target > 60);
  model.pass(3000);
  equal(model.size.target, 8);
  model.pass(9000);
  ok(model.size.target <= 3, `${model.size.target} children for nothing`);
});

Deno.test("runs that last keep their place in the pool", () => {
  const model = new Model();
  for (let i = 0; i < 20; i++) model.start(100_000);
  model.pass(60_000); // the model looks at each step that there is more than runs
  equal(model.running, 20);
  ok(model.size.target <= 24);
});

Deno.test("without a run for half a minute nobody waits, and the next run wakes the pool", () => {
  const model = new Model();
  model.pass(29_000);
  equal(model.size.target, 2);
  model.pass(2000);
  equal(model.size.target, 0);
  model.pass(60_000);
  equal(model.size.target, 0);
  model.start(10);
  ok(model.size.target >= 3);
  model.pass(29_000);
  equal(model.size.target, 2);
});

Deno.test("a pool never has more children than runs and spares may be", () => {
  const model = new Model({ sparesMax: 4, runsMax: 16 });
  for (let i = 0; i < 100; i++) {
    model.size.start(model.nowMs);
    model.tell();
  }
  equal(model.size.target, 20);
  for (let i = 0; i < 20; i++) model.size.tick(model.nowMs += 1000);
  equal(model.size.target, 20);
  for (let i = 0; i < 100; i++) model.size.end();
  for (let i = 0; i < 12; i++) model.size.tick(model.nowMs += 1000);
  ok(model.size.target <= 4);
});
