/** Streams that begin with what others hold. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { BEGIN, bothStores, bytesOf, eachStore, readStream, readText, refused } from "../../support/loom.ts";

const json = "application/json";

eachStore("a fork begins with what a stream holds, and both go their own ways", async (tested) => {
  const { store } = tested;
  await store.create("a", { contentType: "text/plain", bytes: bytesOf("shared") });
  const { stream } = await store.create("b", { fork: { from: "a" }, bytes: bytesOf(" b") });
  deepEqual([stream.contentType, stream.tail], ["text/plain", 8]);
  await store.append("a", bytesOf(" a"));
  await tested.again();
  await tested.store.append("b", bytesOf("!"));
  equal(await readText(tested.store, "a"), "shared a");
  equal(await readText(tested.store, "b"), "shared b!");
  equal(await readText(tested.store, "b", 5), "d b!");
});

eachStore("forks of forks are read through all they came from", async (tested) => {
  const { store } = tested;
  await store.create("0", { bytes: bytesOf("00") });
  for (let i = 1; i < 6; i++) {
    await store.create(`${i}`, { fork: { from: `${i - 1}` }, bytes: bytesOf(`${i}${i}`) });
  }
  await store.create("early", { fork: { from: "5", at: 3 }, bytes: bytesOf("E") });
  await store.create("beyond", { fork: { from: "5", at: 3, beyond: 2 }, bytes: bytesOf("B") });
  for (let i = 0; i < 6; i++) await store.append(`${i}`, bytesOf("x"));
  await tested.again();
  equal(await readText(tested.store, "5"), "001122334455x");
  equal(await readText(tested.store, "early"), "001E");
  equal(await readText(tested.store, "beyond"), "00112B");
  for (let from = 0; from < 12; from++) {
    const { bytes } = await tested.store.read("5", from, 3);
    deepEqual(bytes, bytesOf("001122334455x".slice(from, from + 3)));
  }
});

eachStore("a fork of a large stream is read across the place where it was forked", async (tested) => {
  const bytes = new Uint8Array(700_000).map((_, i) => i % 251);
  await tested.store.create("a", { bytes: bytes.subarray(0, 400_000) });
  await tested.store.create("b", { fork: { from: "a", at: 333_333 }, bytes: bytes.subarray(333_333, 640_000) });
  await tested.again();
  await tested.store.append("b", bytes.subarray(640_000));
  await tested.again();
  deepEqual(await readStream(tested.store, "b"), bytes);
  deepEqual(await readStream(tested.store, "a", 399_000), bytes.slice(399_000, 400_000));
  deepEqual(tested.complaints, []);
});

eachStore("a fork that is asked for again is found", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("12345") });
  await tested.store.create("b", { fork: { from: "a", at: 3 } });
  await tested.again();
  const again = await tested.store.create("b", { fork: { from: "a", at: 3 } });
  deepEqual([again.created, again.stream.tail], [false, 3]);
  await refused("exists", tested.store.create("b", { fork: { from: "a", at: 2 } }));
  await refused("exists", tested.store.create("b"));
  await refused("exists", tested.store.create("a", { fork: { from: "b" } }));
});

bothStores("a fork is refused at places that the stream does not have", async ({ store }) => {
  await store.create("a", { contentType: "text/plain", bytes: bytesOf("12345") });
  for (const at of [6, -1, 0.5, NaN]) await refused("invalid", store.create("b", { fork: { from: "a", at } }));
  for (const beyond of [3, -1, 0.5]) {
    await refused("invalid", store.create("b", { fork: { from: "a", at: 3, beyond } }), String(beyond));
  }
  await refused("not-found", store.create("b", { fork: { from: "c" } }));
  await refused("content-type", store.create("b", { fork: { from: "a" }, contentType: "text/html" }));
  equal(store.head("b"), undefined);
});

eachStore("a stream of messages is forked between two of them", async (tested) => {
  await tested.store.create("a", { contentType: json, bytes: bytesOf('["one", "two", "three"]') });
  await tested.store.create("b", { fork: { from: "a", at: 0, beyond: 2 } });
  await tested.store.create("c", { fork: { from: "a", at: 6, beyond: 1 }, bytes: bytesOf("[4]") });
  await tested.again();
  equal(await readText(tested.store, "b"), '"one"\n"two"\n');
  equal(await readText(tested.store, "c"), '"one"\n"two"\n4\n');
  await refused("invalid", tested.store.create("d", { fork: { from: "a", at: 1 } }));
  await refused("invalid", tested.store.create("d", { fork: { from: "a", at: 1, beyond: 1 } }));
  await refused("invalid", tested.store.create("d", { fork: { from: "a", at: 0, beyond: 4 } }));
});

eachStore("a deleted stream is kept out of sight for its forks, and goes with the last of them", async (tested) => {
  const { store } = tested;
  const { stream } = await store.create("a", { bytes: bytesOf("shared") });
  await store.create("b", { fork: { from: "a" } });
  await store.create("c", { fork: { from: "b" } });
  equal(await store.delete("a"), true);
  equal(await store.wait("a", stream.number, 6, new AbortController().signal), true);
  await tested.again();
  equal(tested.store.head("a")!.hidden, true);
  deepEqual(tested.store.list().streams.map(({ id }) => id), ["b", "c"]);
  await refused("gone", tested.store.read("a", 0, 1));
  await refused("gone", tested.store.append("a", bytesOf("x")));
  await refused("gone", tested.store.create("a"));
  await refused("gone", tested.store.delete("a"));
  await refused("gone", tested.store.create("d", { fork: { from: "a" } }));
  await tested.store.delete("b");
  await tested.again();
  equal(await readText(tested.store, "c"), "shared");
  ok(tested.store.head("a")!.hidden && tested.store.head("b")!.hidden);
  await tested.store.delete("c");
  await tested.again();
  for (const id of ["a", "b", "c"]) equal(tested.store.head(id), undefined);
  equal((await tested.store.create("a")).created, true);
});

eachStore("force replaces a stream that has forks, which keep what they began with", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("old") });
  await tested.store.create("b", { fork: { from: "a" } });
  await tested.store.create("a", { bytes: bytesOf("new"), force: true });
  await tested.again();
  equal(await readText(tested.store, "a"), "new");
  equal(await readText(tested.store, "b"), "old");
  await tested.store.create("a", { fork: { from: "a" }, bytes: bytesOf("er"), force: true });
  await tested.again();
  equal(await readText(tested.store, "a"), "newer");
  await tested.store.delete("b");
  await tested.store.delete("a");
  await tested.again();
  deepEqual(tested.store.list().streams, []);
});

eachStore("an id whose stream was replaced is free when the new one is deleted", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("1") });
  await tested.store.create("fork of 1", { fork: { from: "a" } });
  await tested.store.delete("a");
  await tested.store.create("a", { bytes: bytesOf("2"), force: true }); // also in place of a hidden one
  await tested.store.create("fork of 2", { fork: { from: "a" } });
  await tested.store.create("a", { bytes: bytesOf("3"), force: true });
  await tested.again();
  equal(await tested.store.delete("a"), true);
  await tested.again();
  equal(tested.store.head("a"), undefined);
  equal(await readText(tested.store, "fork of 1"), "1");
  equal(await readText(tested.store, "fork of 2"), "2");
  equal((await tested.store.create("a")).created, true);
});

eachStore("what a refused replacement would have replaced stays", async (tested) => {
  const { store } = tested;
  await store.create("a", { bytes: bytesOf("kept") });
  await store.create("b", { bytes: bytesOf("0123456789") });
  await refused("full", store.create("a", { bytes: bytesOf("0123456789"), force: true }));
  await refused("too-large", store.create("a", { bytes: bytesOf("0123456789!"), force: true }));
  await refused("invalid", store.create("a", { fork: { from: "b", at: 11 }, force: true }));
  const deleted = store.delete("b");
  const forked = refused("not-found", store.create("a", { fork: { from: "b" }, force: true }));
  await Promise.all([deleted, forked]);
  await tested.again();
  equal(await readText(tested.store, "a"), "kept");
  equal((await tested.store.create("a", { bytes: bytesOf("new"), force: true })).created, true); // one of two, as before
}, { totalBytes: 15, streamBytes: 10, streams: 2 });

eachStore("a fork expires as what it was forked from, unless it says otherwise", async (tested) => {
  await tested.store.create("a", { ttlSeconds: 10 });
  await tested.store.create("b", { fork: { from: "a" } });
  await tested.store.create("c", { fork: { from: "a" }, ttlSeconds: 100 });
  equal(tested.store.head("b")!.ttlSeconds, 10);
  equal((await tested.store.create("b", { fork: { from: "a" } })).created, false);
  tested.now = BEGIN + 10_000;
  await tested.again();
  deepEqual(["a", "b", "c"].map((id) => tested.store.head(id)?.id), [undefined, undefined, "c"]);
  await refused("gone", tested.store.create("a"));
  await tested.store.expire();
  await tested.again();
  deepEqual(tested.store.list().streams.map(({ id }) => id), ["c"]);
  tested.now = BEGIN + 100_000;
  await tested.store.expire();
  await tested.again();
  equal((await tested.store.create("a")).created, true);
});
