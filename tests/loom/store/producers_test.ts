/** Producers that send again what may not have arrived: everything is stored once. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { StreamError, type StreamErrorDetails } from "../../../src/loom/stream_error.ts";
import type { StreamStore } from "../../../src/loom/stream_store.ts";
import { bytesOf, eachStore, openStore, readText, refused } from "../../support/loom.ts";

const append = (store: StreamStore, text: string, epoch: number, sequence: number, id = "p") =>
  store.append("a", bytesOf(text), { producer: { id, epoch, sequence } });

/** What goes with a refusal. */
async function details(doing: Promise<unknown>): Promise<[string, StreamErrorDetails]> {
  const error = await doing.then(() => undefined, (error) => error);
  ok(error instanceof StreamError, String(error));
  return [error.code, error.details];
}

eachStore("what a producer sends twice is stored once", async (tested) => {
  await tested.store.create("a");
  const first = await append(tested.store, "1", 0, 0);
  deepEqual([first.duplicate, first.sequence, first.tail], [false, 0, 1]);
  await append(tested.store, "2", 0, 1);
  await tested.again();
  const again = await append(tested.store, "1", 0, 0);
  deepEqual([again.duplicate, again.sequence, again.tail], [true, 1, 2]);
  await append(tested.store, "3", 0, 2);
  equal(await readText(tested.store, "a"), "123");
});

eachStore("what is sent twice at the same time is stored once, in order", async (tested) => {
  await tested.store.create("a");
  const sent = [0, 1, 1, 0, 2, 2, 3].map((sequence) => append(tested.store, `${sequence}`, 0, sequence));
  const duplicates = (await Promise.all(sent)).map(({ duplicate }) => duplicate);
  deepEqual(duplicates, [false, false, true, true, false, true, false]);
  await tested.again();
  equal(await readText(tested.store, "a"), "0123");
});

eachStore("a gap is refused with what was expected, and leaves nothing behind", async (tested) => {
  await tested.store.create("a");
  deepEqual(await details(append(tested.store, "x", 0, 1)), ["sequence-gap", { expected: 0 }]);
  await append(tested.store, "1", 0, 0);
  await tested.again();
  deepEqual(await details(append(tested.store, "x", 0, 2)), ["sequence-gap", { expected: 1 }]);
  await append(tested.store, "2", 0, 1);
  equal(await readText(tested.store, "a"), "12");
});

eachStore("a new epoch begins at 0 and shuts out the one before", async (tested) => {
  await tested.store.create("a");
  await append(tested.store, "1", 3, 0);
  deepEqual((await details(append(tested.store, "x", 4, 1)))[0], "epoch-start");
  await append(tested.store, "2", 4, 0);
  await tested.again();
  deepEqual(await details(append(tested.store, "x", 3, 1)), ["stale-epoch", { epoch: 4 }]);
  equal((await append(tested.store, "2", 4, 0)).duplicate, true);
  await append(tested.store, "3", 4, 1);
  await append(tested.store, "4", 0, 0, "another");
  equal(await readText(tested.store, "a"), "1234");
});

eachStore("a producer is told of its last append also when the stream has ended", async (tested) => {
  await tested.store.create("a");
  await append(tested.store, "1", 0, 0);
  await tested.store.append("a", bytesOf("2"), { producer: { id: "p", epoch: 0, sequence: 1 }, end: "closed" });
  await tested.again();
  const again = await tested.store.append("a", bytesOf("2"), {
    producer: { id: "p", epoch: 0, sequence: 1 },
    end: "closed",
  });
  deepEqual([again.duplicate, again.end, again.tail], [true, "closed", 2]);
  deepEqual(await details(append(tested.store, "3", 0, 2)), ["closed", { tail: 2, closed: true }]);
  await refused("closed", append(tested.store, "1", 0, 0, "another"));
  const end = { producer: { id: "p", epoch: 0, sequence: 2 }, end: "closed" } as const;
  await refused("closed", tested.store.append("a", new Uint8Array(0), end));
});

eachStore("a producer that was silent for long is forgotten", async (tested) => {
  await tested.store.create("a");
  await append(tested.store, "1", 7, 0);
  tested.now += limits.producerMs - 1;
  await tested.again();
  equal((await append(tested.store, "1", 7, 0)).duplicate, true);
  tested.now += 1;
  await append(tested.store, "2", 0, 0);
  equal(await readText(tested.store, "a"), "12");
});

for (const kind of ["memory", "closed", "crashed"] as const) {
  Deno.test(`of very many producers the last are remembered [${kind}]`, async () => {
    await using tested = await openStore(kind);
    await tested.store.create("a");
    const all = Array.from({ length: limits.streamProducers + 500 }, (_, i) => `producer ${i}`);
    await Promise.all(all.map((id) => append(tested.store, ".", 1, 0, id)));
    await tested.again();
    await refused("stale-epoch", append(tested.store, ".", 0, 0, all.at(-1)));
    await refused("stale-epoch", append(tested.store, ".", 0, 0, all.at(-limits.streamProducers)));
    await tested.again();
    equal((await append(tested.store, ".", 0, 0, all[0])).duplicate, false);
    equal(tested.store.head("a")!.tail, all.length + 1);
    deepEqual(tested.complaints, []);
  });
}

Deno.test("the producer that was silent for longest is forgotten first, also after the store was closed", async () => {
  await using tested = await openStore("closed");
  await tested.store.create("a");
  await append(tested.store, ".", 1, 0, "z, the oldest");
  tested.now += 1000;
  const others = Array.from({ length: limits.streamProducers - 1 }, (_, i) => `producer ${i}`);
  await Promise.all(others.map((id) => append(tested.store, ".", 1, 0, id)));
  await tested.again();
  await append(tested.store, ".", 1, 0, "one more");
  for (const id of others) await refused("stale-epoch", append(tested.store, ".", 0, 0, id));
  equal((await append(tested.store, ".", 0, 0, "z, the oldest")).duplicate, false);
});

Deno.test("producers with the longest ids there may be are stored", async () => {
  await using tested = await openStore("closed");
  await tested.store.create("a");
  const all = Array.from({ length: 600 }, (_, i) => `\0${i}`.padStart(limits.producerIdBytes, "\0"));
  await Promise.all(all.map((id) => append(tested.store, ".", 1, 0, id)));
  await tested.again();
  for (const id of all) await refused("stale-epoch", append(tested.store, ".", 0, 0, id));
  deepEqual(tested.complaints, []);
});
