/** Where in a stream a time is: nothing that came then or later may lie before. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { addMark, dropMarksBefore, positionIn, type TimeMark, timeOf } from "../../../src/loom/disk/time_marks.ts";
import { BEGIN, bytesOf, eachStore, openStore } from "../../support/loom.ts";
import { type Random, randomFrom } from "../../support/random.ts";

Deno.test("a few marks tell exactly when bytes came", () => {
  const marks: TimeMark[] = [];
  for (let i = 0; i < 10; i++) addMark(marks, 1000 + i * 10, i * 100);
  equal(positionIn(marks, 1000, 1000), undefined); // what lies before the first mark they don't know
  equal(positionIn(marks, 1001, 1000), 100);
  equal(positionIn(marks, 1010, 1000), 100);
  equal(positionIn(marks, 1090, 1000), 900);
  equal(positionIn(marks, 1091, 1000), 1000);
  equal(positionIn([], 1000, 1000), undefined);
  deepEqual([timeOf(marks, 0), timeOf(marks, 99), timeOf(marks, 100), timeOf(marks, 5000)], [1000, 1000, 1010, 1090]);
});

Deno.test("many marks become few, which err to the safe side only", () => {
  const marks: TimeMark[] = [];
  const came: number[] = []; // when each byte came
  const random = randomFrom(3);
  for (let now = 0; came.length < 20_000;) {
    addMark(marks, now, came.length);
    for (let count = 1 + random(20); count > 0; count--) came.push(now);
    now += random(5);
  }
  ok(marks.length <= 64, `${marks.length} marks`);
  for (let timeMs = 0; timeMs <= came.at(-1)! + 1; timeMs++) {
    const exact = came.findIndex((ms) => ms >= timeMs);
    const position = positionIn(marks, timeMs, came.length) ?? 0;
    ok(position <= (exact === -1 ? came.length : exact), `${position} for ${timeMs}, exact is ${exact}`);
  }
  for (let position = 0; position < came.length; position++) ok(timeOf(marks, position) >= came[position]);
  dropMarksBefore(marks, 10_000);
  ok(marks[0][1] <= 10_000 && marks[1][1] > 10_000);
});

Deno.test("a clock that is set back makes no marks, and none wrong", () => {
  const marks: TimeMark[] = [];
  for (const [timeMs, from] of [[100, 0], [50, 10], [100, 20], [101, 30]]) addMark(marks, timeMs, from);
  deepEqual(marks, [[100, 0], [101, 30]]);
});

eachStore("what came at a time or later is found from its position on", async (tested) => {
  await tested.store.create("a");
  const sizes = [10, 300_000, 5, 300_000, 1000, 40_000, 40_000, 600_000, 3];
  for (const size of sizes) {
    tested.now += 1000;
    await tested.store.append("a", new Uint8Array(size));
  }
  for (let round = 0; round < 2; round++) {
    await tested.again();
    let exact = 0;
    for (const [i, size] of sizes.entries()) {
      const timeMs = BEGIN + (i + 1) * 1000;
      const position = await tested.store.positionAt("a", timeMs);
      ok(position <= exact && position > exact - 140_000, `${position} at ${i}, exact is ${exact}`);
      exact += size;
    }
  }
  equal(await tested.store.positionAt("a", tested.now + 1), tested.store.head("a")!.tail);
  equal(await tested.store.positionAt("a", 0), 0);
});

eachStore("a position of a time is one at which a message begins", async (tested) => {
  await tested.store.create("a", { contentType: "application/json" });
  for (let i = 0; i < 50; i++) {
    await tested.store.append("a", bytesOf(`["${i}", "${"x".repeat(2000)}"]`));
    tested.now += 1000;
  }
  await tested.again();
  for (let i = 0; i < 50; i++) {
    const position = await tested.store.positionAt("a", BEGIN + i * 1000);
    await tested.store.read("a", position, 100);
  }
});

eachStore("a time before a fork was made is looked for in what it was forked from", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("0123456789") });
  tested.now += 1000;
  await tested.store.append("a", bytesOf("abcdefghij"));
  tested.now += 1000;
  await tested.store.create("b", { fork: { from: "a", at: 15 }, bytes: bytesOf("B") });
  tested.now += 1000;
  await tested.store.append("a", bytesOf("later"));
  await tested.store.append("b", bytesOf("BB"));
  await tested.again();
  const at = (timeMs: number) => tested.store.positionAt("b", BEGIN + timeMs);
  deepEqual([await at(0), await at(1000), await at(3000), await at(3001)], [0, 10, 16, 18]);
  ok(await at(1500) <= 15 && await at(2000) <= 15);
});

eachStore("a position of a time is never one that is let go", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("0123456789") });
  tested.now += 1000;
  await tested.store.create("b", { fork: { from: "a" }, bytes: bytesOf("abcdef") });
  await tested.store.expire();
  await tested.again();
  equal(tested.store.head("b")!.start, 13);
  for (const timeMs of [0, BEGIN, BEGIN + 500, BEGIN + 1000]) {
    const position = await tested.store.positionAt("b", timeMs);
    await tested.store.read("b", position, 10);
  }
}, { keepBytes: 3 });

for (const kind of ["memory", "closed", "crashed"] as const) {
  Deno.test(`positions of times err to the safe side only, whatever is appended [${kind}]`, async () => {
    await using tested = await openStore(kind);
    const random = randomFrom(11);
    await tested.store.create("a");
    const appends: [timeMs: number, position: number][] = [];
    for (let i = 0; i < 250; i++) {
      tested.now += random(3);
      appends.push([tested.now, tested.store.head("a")!.tail]);
      await tested.store.append("a", new Uint8Array(sizeOf(random)));
      if (i % 100 === 99) await tested.again();
    }
    for (const [timeMs] of appends) {
      const exact = appends.find((append) => append[0] >= timeMs)![1];
      const position = await tested.store.positionAt("a", timeMs);
      ok(position <= exact, `${position} for ${timeMs - BEGIN}, exact is ${exact}`);
    }
  });
}

/** Small appends mostly, and now and then one that goes to blocks at once. */
function sizeOf(random: Random): number {
  return 1 + random([100, 100, 100, 3000, 3000, 20_000, 400_000][random(7)]);
}
