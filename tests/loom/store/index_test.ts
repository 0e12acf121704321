/** Streams by id, in order, while they come and go. */

import { deepEqual, equal } from "node:assert/strict";
import type { StreamStore } from "../../../src/loom/stream_store.ts";
import { StreamIndex } from "../../../src/loom/store/stream_index.ts";
import { Stream } from "../../../src/loom/store/stream.ts";
import { bothStores, bytesOf, eachStore } from "../../support/loom.ts";
import { randomFrom } from "../../support/random.ts";

/** All ids with a prefix, in parts. */
function listAll(store: StreamStore, prefix: string, limit: number): string[] {
  const ids: string[] = [];
  for (let after: string | undefined = ""; after !== undefined;) {
    const { streams, next } = store.list({ prefix, after, limit });
    ids.push(...streams.map(({ id }) => id));
    after = next;
  }
  return ids;
}

eachStore("streams are listed by id in parts of any size", async (tested) => {
  const ids = ["b", "a/2", "a/10", "a", "a/1", "ab", "A", "é", "漢", "🎈", "\uffee", "a/1/x"];
  await Promise.all(ids.map((id) => tested.store.create(id)));
  await tested.again();
  const sorted = [...ids].sort();
  for (const limit of [1, 2, 5, ids.length, 1000]) {
    deepEqual(listAll(tested.store, "", limit), sorted);
    deepEqual(listAll(tested.store, "a/", limit), ["a/1", "a/1/x", "a/10", "a/2"]);
  }
  deepEqual(listAll(tested.store, "zz", 10), []);
  deepEqual(tested.store.list({ limit: 0 }).streams.length, 1);
  deepEqual(tested.store.list({ prefix: "a", after: "a" }).streams.map(({ id }) => id).slice(0, 1), ["a/1"]);
  deepEqual(tested.store.list({ prefix: "b", after: "a" }).streams.map(({ id }) => id), ["b"]);
  deepEqual(tested.store.list({ prefix: "a", after: "b" }).streams, []);
});

eachStore("a list goes on where it was though streams come and go in between", async (tested) => {
  const { store } = tested;
  for (const id of ["a", "b", "c", "d", "e"]) await store.create(id, { bytes: bytesOf(id) });
  const first = store.list({ limit: 2 });
  deepEqual([first.streams.map(({ id }) => id), first.next], [["a", "b"], "b"]);
  await store.delete("b");
  await store.delete("c");
  await store.create("bb");
  await store.create("aa");
  await store.create("f");
  await tested.again();
  deepEqual(tested.store.list({ after: first.next }).streams.map(({ id }) => id), ["bb", "d", "e", "f"]);
  await tested.store.create("c");
  deepEqual(listAll(tested.store, "", 3), ["a", "aa", "bb", "c", "d", "e", "f"]);
});

bothStores("a list has a hundred streams unless more are asked for, and a thousand at most", async ({ store }) => {
  await Promise.all(Array.from({ length: 1010 }, (_, i) => store.create(`${i}`)));
  equal(store.list().streams.length, 100);
  equal(store.list({ limit: 1e9 }).streams.length, 1000);
  equal(listAll(store, "", 1000).length, 1010);
});

Deno.test("the index is as a plain sorted list of what is in it", () => {
  const random = randomFrom(7);
  const index = new StreamIndex();
  const plain = new Map<string, Stream>();
  for (let round = 0; round < 200; round++) {
    const changes = random(round % 10 === 0 ? 200 : 8);
    for (let i = 0; i < changes; i++) {
      const id = `${random(50)}/${random(10)}`;
      const old = plain.get(id);
      if (old && random(2) === 0) {
        index.delete(old);
        plain.delete(id);
      }
      if (random(3) > 0) {
        const stream = makeStream(id, round * 1000 + i);
        index.set(stream);
        plain.set(id, stream);
        if (old) index.delete(old); // another one has its id by now
      }
    }
    const prefix = random(2) ? `${random(50)}` : "";
    const after = random(2) ? `${random(50)}/5` : "";
    const expected = [...plain.keys()].filter((id) => id.startsWith(prefix) && id > after).sort();
    deepEqual([...index.from(prefix, after)].map(({ document }) => document.id), expected);
    equal(index.size, plain.size);
    for (const [id, stream] of plain) equal(index.get(id), stream);
  }
});

function makeStream(id: string, number: number): Stream {
  const document = { id, contentType: "", createdAt: 0, base: 0, start: 0, tail: 0, appendedAt: 0, usedAt: 0 };
  return new Stream({ number, document, producers: new Map() }, undefined);
}
