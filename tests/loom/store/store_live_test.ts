/** Streams while they change: who waits, who listens, and what is seen of changes that are under way. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { StreamError } from "../../../src/loom/stream_error.ts";
import type { StreamEvent } from "../../../src/loom/stream_store.ts";
import { bothStores, bytesOf, refused } from "../../support/loom.ts";
import { within } from "../../support/within.ts";

const never = new AbortController().signal;

bothStores("a reader waits until there is more, an end, or no stream", async ({ store }) => {
  const { stream: { number } } = await store.create("a");
  equal(await store.wait("a", number + 1, 0, never), true);
  const more = store.wait("a", number, 0, never);
  await store.append("a", bytesOf("x"));
  equal(await within("more", more), true);
  equal(await store.wait("a", number, 0, never), true);
  const end = store.wait("a", number, 1, never);
  await store.append("a", new Uint8Array(0), { end: "closed" });
  equal(await within("the end", end), true);
  const { stream } = await store.create("b");
  const gone = store.wait("b", stream.number, 0, never);
  await store.delete("b");
  equal(await within("gone", gone), true);
});

bothStores("a reader that leaves waits no longer", async ({ store }) => {
  const { stream: { number } } = await store.create("a");
  const leaving = new AbortController();
  const waiting = store.wait("a", number, 0, leaving.signal);
  leaving.abort();
  equal(await within("the reader leaves", waiting), false);
  equal(await store.wait("a", number, 0, leaving.signal), false);
});

bothStores("nobody waits for a store that was closed", async ({ store }) => {
  const { stream: { number } } = await store.create("a");
  const waiting = refused("stopped", within("the store is closed", store.wait("a", number, 0, never)));
  await store.close();
  await waiting;
  await refused("stopped", store.append("a", bytesOf("x")));
  await refused("stopped", store.create("b"));
  await store.close();
});

bothStores("what was asked for before the store is closed is done", async (tested) => {
  await tested.store.create("a");
  const appends = Promise.all([1, 2, 3].map((i) => tested.store.append("a", bytesOf(`${i}`))));
  const closed = tested.store.close();
  deepEqual((await appends).map(({ tail }) => tail), [1, 2, 3]);
  await closed;
});

bothStores("listeners are told of everything once it is stored, until they leave", async ({ store }) => {
  const events: string[] = [];
  const leaving = new AbortController();
  const tell = ({ kind, stream }: StreamEvent) => void events.push(`${kind} ${stream.id} ${stream.tail}`);
  store.listen(tell, leaving.signal);
  await store.create("a", { bytes: bytesOf("12") });
  await store.append("a", bytesOf("3"));
  await store.append("a", bytesOf("4"), { end: "closed" });
  await refused("closed", store.append("a", bytesOf("5")));
  await store.create("b", { fork: { from: "a" } });
  await store.delete("a");
  await store.delete("b");
  deepEqual(events, [
    "created a 2",
    "appended a 3",
    "appended a 4",
    "ended a 4",
    "created b 4",
    "deleted a 4",
    "deleted b 4",
  ]);
  leaving.abort();
  await store.create("c");
  equal(events.length, 7);
});

bothStores("a stream that is being made is not read before it is stored", async ({ store }) => {
  const creating = store.create("a", { ttlSeconds: 60, bytes: bytesOf("new") });
  const early: Promise<unknown>[] = [];
  for (let i = 0; !store.head("a"); i++) {
    early.push(store.read("a", 0, 10).catch((error) => error));
    await (i % 2 ? Promise.resolve() : new Promise((resolve) => setImmediate(resolve)));
  }
  await creating;
  for (const refusal of await Promise.all(early)) {
    ok(refusal instanceof StreamError && refusal.code === "not-found", String(refusal));
  }
  await store.close();
});

bothStores("a stream that is deleted while it is read is not found, or read whole", async ({ store, complaints }) => {
  const bytes = new Uint8Array(400_000).fill(7);
  const outcome = (from: number, max: number) =>
    store.read("a", from, max).then(({ bytes }) => bytes.every((byte) => byte === 7), (error) => error.code);
  for (let i = 0; i < 10; i++) {
    await store.create("a", { bytes, ttlSeconds: 60 });
    const outcomes = Array.from({ length: 8 }, (_, j) => outcome(j * 10_000, 300_000));
    const deleted = store.delete("a");
    for (let j = 0; j < 20; j++) {
      outcomes.push(outcome(399_900, 100), outcome(0, 10));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seen = new Set(await Promise.all(outcomes));
    for (const one of seen) ok(one === true || one === "not-found", String(one));
    await deleted;
  }
  deepEqual(complaints, []);
});
