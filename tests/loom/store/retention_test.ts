/** What time and bounds take away: expiry, retention by age and by size, quotas, idle producers. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { BEGIN, bothStores, bytesOf, eachStore, readStream, readText, refused } from "../../support/loom.ts";

eachStore("reading and appending put off the expiry, looking does not", async (tested) => {
  for (const id of ["read", "appended", "looked"]) {
    await tested.store.create(id, { ttlSeconds: 10, bytes: bytesOf("x") });
  }
  tested.now = BEGIN + 9000;
  await tested.store.read("read", 0, 1);
  await tested.store.append("appended", bytesOf("x"));
  tested.store.list();
  equal(tested.store.head("looked")!.ttlSeconds, 10);
  if (tested.kind !== "crashed") await tested.again(); // when it was read may be lost in a crash
  tested.now = BEGIN + 10_000;
  equal(tested.store.head("looked"), undefined);
  await refused("not-found", tested.store.read("looked", 0, 1));
  await refused("not-found", tested.store.append("looked", bytesOf("x")));
  equal(await tested.store.delete("looked"), false);
  tested.now = BEGIN + 18_999;
  deepEqual(tested.store.list().streams.map(({ id }) => id), ["appended", "read"]);
  tested.now = BEGIN + 19_000;
  deepEqual(tested.store.list().streams, []);
});

eachStore("a stream expires at its time, and its id is free again", async (tested) => {
  const expiresAt = new Date(BEGIN + 60_000).toISOString();
  const first = await tested.store.create("a", { expiresAt, bytes: bytesOf("old") });
  tested.now = BEGIN + 59_999;
  await tested.again();
  equal(tested.store.head("a")!.expiresAt, expiresAt);
  equal(await readText(tested.store, "a"), "old");
  tested.now = BEGIN + 60_000;
  await tested.again();
  const second = await tested.store.create("a", { bytes: bytesOf("new") });
  ok(second.created && second.stream.number > first.stream.number);
  await tested.again();
  equal(await readText(tested.store, "a"), "new");
});

eachStore("expiring deletes what has expired, and tells of it", async (tested) => {
  const events: string[] = [];
  const leaving = new AbortController();
  await tested.store.create("a", { ttlSeconds: 1, bytes: bytesOf("12345") });
  await tested.store.create("b");
  tested.store.listen(({ kind, stream }) => void events.push(`${kind} ${stream.id}`), leaving.signal);
  await tested.store.expire();
  deepEqual(events, []);
  tested.now += 1000;
  await tested.store.expire();
  deepEqual(events, ["deleted a"]);
  await tested.again();
  await tested.store.append("b", bytesOf("12345")); // there is room again
  await refused("full", tested.store.append("b", bytesOf("6")));
}, { totalBytes: 5 });

eachStore("of each stream the last bytes are kept, in whole messages", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("0123456789abcdef") });
  await tested.store.create("short", { bytes: bytesOf("0123") });
  await tested.store.create("json", { contentType: "application/json", bytes: bytesOf('["aaaa", "bbbb", "cccc"]') });
  await tested.store.expire();
  await tested.again();
  const { store } = tested;
  deepEqual(["a", "short", "json"].map((id) => store.head(id)!.start), [6, 0, 14]);
  await refused("trimmed", store.read("a", 5, 10));
  equal(await readText(store, "a", 6), "6789abcdef");
  equal(await readText(store, "json", 14), '"cccc"\n');
  await store.append("a", bytesOf("gh"));
  await store.expire();
  await tested.again();
  equal(tested.store.head("a")!.start, 8);
  equal(await readText(tested.store, "a", 8), "89abcdefgh");
}, { keepBytes: 10 });

eachStore("of a large stream the files of what is kept no longer go", async (tested) => {
  const bytes = new Uint8Array(500_000).map((_, i) => i % 253);
  await tested.store.create("a", { bytes });
  for (let i = 0; i < 4; i++) await tested.store.append("a", bytes);
  await tested.store.expire();
  await tested.again();
  equal(tested.store.head("a")!.start, 2_440_000);
  deepEqual(await readStream(tested.store, "a", 2_440_000), bytes.slice(440_000));
  await refused("trimmed", tested.store.read("a", 2_439_999, 1));
}, { keepBytes: 60_000 });

eachStore("what is too old is let go", async (tested) => {
  await tested.store.create("a");
  for (let i = 0; i < 10; i++) {
    await tested.store.append("a", bytesOf(`${i}`.repeat(100)));
    tested.now += 1000;
  }
  await tested.again();
  await tested.store.expire(); // 5 s are kept
  await tested.again();
  const { start } = tested.store.head("a")!;
  equal(start, 500);
  equal((await readText(tested.store, "a", start)).slice(0, 1), "5");
  tested.now += 60_000;
  await tested.store.expire();
  await tested.again();
  deepEqual([tested.store.head("a")!.start, await readText(tested.store, "a", 1000)], [1000, ""]);
  await tested.store.append("a", bytesOf("new"));
  await tested.again();
  equal(await readText(tested.store, "a", 1000), "new");
}, { keepMs: 5000 });

eachStore("what forks need is kept until they are gone", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("0123456789abcdef") });
  await tested.store.create("b", { fork: { from: "a" }, bytes: bytesOf("ghijkl") });
  await tested.store.expire();
  await tested.again();
  deepEqual(["a", "b"].map((id) => tested.store.head(id)!.start), [0, 0]); // six of its own: all are kept, and so is a
  await tested.store.append("b", bytesOf("mnopqrst"));
  await tested.store.expire();
  await tested.again();
  equal(tested.store.head("b")!.start, 20);
  equal(await readText(tested.store, "b", 20), "klmnopqrst");
  await tested.store.delete("b");
  await tested.store.expire();
  await tested.again();
  equal(tested.store.head("a")!.start, 6);
  await tested.store.create("c", { fork: { from: "a" } });
  equal(tested.store.head("c")!.start, 6);
  await refused("trimmed", tested.store.create("d", { fork: { from: "a", at: 5 } }));
  await tested.again();
  equal(await readText(tested.store, "c", 6), "6789abcdef");
}, { keepBytes: 10 });

eachStore("a fork that is made while its parent is let go has all that it says it has", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("0123456789abcdef") });
  const forking = Promise.allSettled([0, 6, 10].map((at) => {
    return tested.store.create(`fork at ${at}`, { fork: { from: "a", at } });
  }));
  await Promise.all([tested.store.expire(), forking, tested.store.expire()]);
  await tested.again();
  for (const { id, start, tail } of tested.store.list({ prefix: "fork" }).streams) {
    equal(await readText(tested.store, id, start), "0123456789abcdef".slice(start, tail));
  }
}, { keepBytes: 10 });

eachStore("all streams together hold no more than the quota, and what goes makes room", async (tested) => {
  const ten = new Uint8Array(10);
  await tested.store.create("a", { bytes: ten });
  await tested.store.create("b", { bytes: ten });
  await tested.store.create("fork", { fork: { from: "a" } }); // takes nothing
  await tested.again();
  await refused("full", tested.store.append("a", new Uint8Array(11)));
  await refused("full", tested.store.create("c", { bytes: new Uint8Array(11) }));
  const both = await Promise.allSettled([tested.store.append("a", ten), tested.store.append("b", ten)]);
  deepEqual(both.map(({ status }) => status), ["fulfilled", "rejected"]);
  await tested.store.append("b", new Uint8Array(0), { end: "closed" }); // takes nothing
  await tested.store.delete("b");
  await tested.again();
  await tested.store.append("fork", ten);
  await refused("full", tested.store.append("fork", new Uint8Array(1)));
  await tested.store.delete("a"); // kept for the fork
  await refused("full", tested.store.append("fork", new Uint8Array(1)));
  await tested.store.delete("fork");
  await tested.again();
  await tested.store.create("d", { bytes: new Uint8Array(30) });
}, { totalBytes: 30 });

eachStore("a stream and their number have bounds", async (tested) => {
  await tested.store.create("a", { bytes: new Uint8Array(8) });
  await tested.store.create("b");
  await refused("full", tested.store.create("c"));
  await refused("too-large", tested.store.append("a", new Uint8Array(3)));
  await tested.again();
  await refused("full", tested.store.create("c"));
  equal((await tested.store.create("b")).created, false);
  equal((await tested.store.create("b", { force: true })).created, true);
  equal((await tested.store.append("a", new Uint8Array(2))).tail, 10);
  await tested.store.delete("b");
  equal((await tested.store.create("c")).created, true);
}, { streamBytes: 10, streams: 2 });

eachStore("a stream whose producer is silent for too long is aborted", async (tested) => {
  await tested.store.create("silent", { bytes: bytesOf("x") });
  await tested.store.create("busy");
  await tested.store.create("done", { closed: true });
  tested.now += 59_999;
  await tested.store.append("busy", bytesOf("x"));
  await tested.store.expire();
  equal(tested.store.head("silent")!.end, undefined);
  tested.now += 1;
  const appending = tested.store.append("busy", bytesOf("y"));
  await Promise.all([tested.store.expire(), appending]);
  await tested.again();
  deepEqual(["silent", "busy", "done"].map((id) => tested.store.head(id)!.end), ["aborted", undefined, "closed"]);
  equal((await tested.store.read("silent", 0, 10)).end, "aborted");
}, { idleMs: 60_000 });

bothStores("an append that comes just in time keeps its stream from being aborted", async (tested) => {
  await tested.store.create("a");
  tested.now += 60_000;
  const appending = tested.store.append("a", bytesOf("x"));
  await Promise.all([appending, tested.store.expire()]);
  equal(tested.store.head("a")!.end, undefined);
}, { idleMs: 60_000 });
