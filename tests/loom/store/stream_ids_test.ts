/** What may be the id of a stream, what may be attached to one: all of it is stored, and bounded. */

import { deepEqual, equal } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { BEGIN, bothStores, bytesOf, eachStore, readText, refused } from "../../support/loom.ts";

eachStore("ids are paths without empty segments, dots and control characters, of bounded length", async (tested) => {
  const { store } = tested;
  const long = "é".repeat(limits.streamIdBytes / 2);
  const wrong = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "./a",
    "a/.",
    "a\0",
    "\n",
    "a\u0085b",
    "\ud800",
    long + "x",
  ];
  for (const id of wrong) await refused("invalid", store.create(id), JSON.stringify(id).slice(0, 20));
  const right = ["a", "...", ".a", "a b", "ünï/漢字/🎈", "a%2f..", "__proto__", "C:\\x", "-", long];
  for (const id of right) await store.create(id, { bytes: bytesOf(id) });
  await tested.again();
  for (const id of right) equal(await readText(tested.store, id), id);
  equal(tested.store.list().streams.length, right.length);
});

eachStore("metadata are JSON of bounded size, of which the store has its own", async (tested) => {
  const { store } = tested;
  const most = "x".repeat(limits.streamMetadataBytes - 2);
  await refused("invalid", store.create("a", { metadata: most + "x" }));
  await store.create("a", { metadata: most });
  const changing = { list: [1] };
  await store.create("b", { metadata: changing });
  changing.list.push(2);
  await store.create("c", { metadata: { when: new Date(BEGIN), no: undefined, f: () => 1 } });
  await store.create("d", { metadata: new Array(8000).fill(-0) }); // 9 bytes each for Deno.Kv, 2 as JSON
  await store.create("e", { metadata: null });
  await tested.again();
  deepEqual(tested.store.head("a")!.metadata, most);
  deepEqual(tested.store.head("b")!.metadata, { list: [1] });
  deepEqual(tested.store.head("c")!.metadata, { when: "2026-01-01T00:00:00.000Z" });
  equal(tested.store.head("e")!.metadata, null);
  deepEqual(tested.complaints, []);
});

bothStores("what is kept for each stream has its bound", async ({ store }) => {
  await store.create("a");
  await refused("invalid", store.create("b", { contentType: "x".repeat(limits.contentTypeBytes + 1) }));
  await refused(
    "invalid",
    store.append("a", bytesOf("x"), { streamSequence: "x".repeat(limits.streamSequenceBytes + 1) }),
  );
  await refused("invalid", store.append("a", bytesOf("x"), { streamSequence: "" }));
  for (const id of ["", "x".repeat(limits.producerIdBytes + 1)]) {
    await refused("invalid", store.append("a", bytesOf("x"), { producer: { id, epoch: 0, sequence: 0 } }));
  }
  for (const number of [-1, 0.5, NaN, 2 ** 53]) {
    await refused("invalid", store.append("a", bytesOf("x"), { producer: { id: "p", epoch: number, sequence: 0 } }));
    await refused("invalid", store.append("a", bytesOf("x"), { producer: { id: "p", epoch: 0, sequence: number } }));
  }
  equal(store.head("a")!.tail, 0);
});

bothStores("when a stream expires is a time of bounded length, and its life whole seconds", async ({ store }) => {
  const long = `2099-01-01T00:00:00.${"0".repeat(66_000)}Z`;
  for (const options of [{ expiresAt: long }, { expiresAt: "soon" }, { ttlSeconds: 1.5 }, { ttlSeconds: -1 }]) {
    await refused("invalid", store.create("a", options));
  }
  await store.create("a", { expiresAt: "2099-01-01T00:00:00.123456789Z" });
});
