/** What every store promises of one stream: make, append, read, wait, end, delete. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { limits } from "../../src/limits.ts";
import { StreamError } from "../../src/loom/stream_error.ts";
import type { StreamEvent } from "../../src/loom/stream_store.ts";
import { BEGIN, bytesOf, eachStore, readStream, readText, refused, textOf } from "../support/loom.ts";
import { within } from "../support/within.ts";

const never = new AbortController().signal;

eachStore("a stream is made with what its producer says of it", async (tested) => {
  const metadata = { name: "Zoë", list: [1, null, { deep: true }] };
  const { stream, created } = await tested.store.create("builds/42", { contentType: "text/plain", metadata });
  equal(created, true);
  equal(stream.number, 1);
  await tested.again();
  const { number: _, ...known } = tested.store.head("builds/42")!;
  deepEqual(JSON.parse(JSON.stringify(known)), {
    id: "builds/42",
    contentType: "text/plain",
    metadata,
    createdAt: BEGIN,
    appendedAt: BEGIN,
    start: 0,
    tail: 0,
    hidden: false,
  });
  equal(tested.store.head("builds"), undefined);
  equal((await tested.store.create("plain")).stream.contentType, "application/octet-stream");
});

eachStore("to make a stream again in the same way finds it, in another way is refused", async (tested) => {
  const { store } = tested;
  const made = await store.create("a", {
    contentType: "text/plain; charset=utf-8",
    ttlSeconds: 60,
    metadata: { x: 1 },
  });
  await store.append("a", bytesOf("kept"));
  await tested.again();
  const again = await tested.store.create("a", {
    contentType: "TEXT/plain",
    ttlSeconds: 60,
    bytes: bytesOf("not taken"),
  });
  deepEqual([again.created, again.stream.number], [false, made.stream.number]);
  await refused("exists", tested.store.create("a", { contentType: "text/html", ttlSeconds: 60 }));
  await refused("exists", tested.store.create("a", { contentType: "text/plain" }));
  await refused("exists", tested.store.create("a", { contentType: "text/plain", ttlSeconds: 61 }));
  await refused("exists", tested.store.create("a", { contentType: "text/plain", ttlSeconds: 60, closed: true }));
  await refused("exists", tested.store.create("a", { contentType: "text/plain", ttlSeconds: 60, metadata: { x: 2 } }));
  equal(await readText(tested.store, "a"), "kept");
});

eachStore("two who make one stream at the same time make one", async ({ store }) => {
  const made = await Promise.all([store.create("a"), store.create("a"), store.create("a")]);
  deepEqual(made.map(({ created }) => created), [true, false, false]);
  equal(new Set(made.map(({ stream }) => stream.number)).size, 1);
});

eachStore("a stream may be made with bytes, and ended at once", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("all of it"), closed: true });
  await tested.again();
  const piece = await tested.store.read("a", 0, 100);
  deepEqual([textOf(piece.bytes), piece.next, piece.upToDate, piece.end], ["all of it", 9, true, "closed"]);
  await refused("closed", tested.store.append("a", bytesOf("x")));
});

eachStore("force replaces a stream, whose readers are let go", async (tested) => {
  const { store } = tested;
  const { stream } = await store.create("a", { bytes: bytesOf("old") });
  const waiting = store.wait("a", stream.number, 3, never);
  const made = await store.create("a", { contentType: "text/plain", bytes: bytesOf("newer"), force: true });
  equal(await within("the reader is let go", waiting), true);
  ok(made.created && made.stream.number > stream.number);
  await tested.again();
  equal(await readText(tested.store, "a"), "newer");
  equal(await tested.store.delete("a"), true);
  await tested.again();
  equal(tested.store.head("a"), undefined);
});

eachStore(
  "appends come one behind the other, each all or nothing, in the order they were asked for",
  async (tested) => {
    const { store } = tested;
    await store.create("a");
    tested.now += 5000;
    const appended = await Promise.all(Array.from({ length: 300 }, (_, i) => store.append("a", bytesOf(`${i},`))));
    let expected = "";
    for (let i = 0; i < 300; i++) equal(appended[i].tail, (expected += `${i},`).length);
    await tested.again();
    equal(await readText(tested.store, "a"), expected);
    deepEqual([tested.store.head("a")!.tail, tested.store.head("a")!.appendedAt], [expected.length, BEGIN + 5000]);
  },
);

eachStore("what is not there is not found", async ({ store }) => {
  await refused("not-found", store.append("a", bytesOf("x")));
  await refused("not-found", store.read("a", 0, 1));
  await refused("not-found", store.positionAt("a", 0));
  equal(await store.delete("a"), false);
  equal(await store.wait("a", 1, 0, never), true);
});

eachStore("an append is refused when it is empty, too large, of another type, or behind an end", async ({ store }) => {
  await store.create("a", { contentType: "text/plain" });
  await refused("invalid", store.append("a", new Uint8Array(0)));
  await refused("too-large", store.append("a", new Uint8Array(101)));
  await refused("too-large", store.create("b", { bytes: new Uint8Array(101) }));
  await refused("content-type", store.append("a", bytesOf("x"), { contentType: "text/html" }));
  await store.append("a", new Uint8Array(100), { contentType: "Text/Plain;charset=utf-8" });
  equal(store.head("a")!.tail, 100);
  equal(store.head("b"), undefined);
}, { appendBytes: 100 });

for (const end of ["closed", "aborted"] as const) {
  eachStore(`a stream that was ${end} takes no more, and says so at its end`, async (tested) => {
    const { store } = tested;
    await store.create("a", { bytes: bytesOf("12") });
    const appended = await store.append("a", bytesOf("345"), { end });
    deepEqual([appended.tail, appended.end, appended.duplicate], [5, end, false]);
    await tested.again();
    equal(tested.store.head("a")!.end, end);
    const half = await tested.store.read("a", 0, 2);
    deepEqual([half.upToDate, half.end], [false, undefined]);
    const rest = await tested.store.read("a", 2, 100);
    deepEqual([textOf(rest.bytes), rest.upToDate, rest.end], ["345", true, end]);
    await refused("closed", tested.store.append("a", bytesOf("6")));
    await refused("closed", tested.store.append("a", bytesOf("6"), { end: "closed" }));
    const again = await tested.store.append("a", new Uint8Array(0), { end: "closed" });
    deepEqual([again.duplicate, again.end, again.tail], [true, end, 5]);
  });
}

eachStore("an append can be bound to where the stream ends", async ({ store }) => {
  await store.create("a", { bytes: bytesOf("123") });
  const both = await Promise.allSettled([
    store.append("a", bytesOf("x"), { expectedTail: 3 }),
    store.append("a", bytesOf("y"), { expectedTail: 3 }),
  ]);
  equal(both[0].status, "fulfilled");
  const { reason } = both[1] as PromiseRejectedResult;
  ok(reason instanceof StreamError);
  deepEqual([reason.code, reason.details.tail], ["moved", 4]);
  equal(await readText(store, "a"), "123x");
});

eachStore("Stream-Seq has to grow", async (tested) => {
  await tested.store.create("a");
  await tested.store.append("a", bytesOf("1"), { streamSequence: "0009" });
  await tested.again();
  await refused("sequence", tested.store.append("a", bytesOf("2"), { streamSequence: "0009" }));
  await refused("sequence", tested.store.append("a", bytesOf("2"), { streamSequence: "0008" }));
  await tested.store.append("a", bytesOf("3"));
  await tested.store.append("a", bytesOf("4"), { streamSequence: "001" });
  equal(await readText(tested.store, "a"), "134");
});

eachStore("a piece has what was asked for, and says where it begins and ends", async (tested) => {
  await tested.store.create("a", { bytes: bytesOf("0123456789") });
  await tested.again();
  const { store } = tested;
  for (
    const [from, max, text] of [[0, 4, "0123"], [4, 4, "4567"], [8, 4, "89"], [10, 4, ""], [
      0,
      10,
      "0123456789",
    ]] as const
  ) {
    const piece = await store.read("a", from, max);
    deepEqual([textOf(piece.bytes), piece.from, piece.next], [text, from, from + text.length]);
    equal(piece.upToDate, piece.next === 10);
    equal(piece.end, undefined);
  }
  const beyond = await store.read("a", 50, 4);
  deepEqual([beyond.bytes.byteLength, beyond.next, beyond.upToDate], [0, 10, true]);
  for (const from of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    await refused("invalid", store.read("a", from, 4), String(from));
  }
  for (const max of [0, -1, NaN]) await refused("invalid", store.read("a", 0, max), String(max));
});

eachStore("bytes that were given out stay as they were", async ({ store }) => {
  await store.create("a", { bytes: bytesOf("first") });
  const { bytes } = await store.read("a", 0, 100);
  for (let i = 0; i < 50; i++) await store.append("a", new Uint8Array(1000).fill(i));
  equal(textOf(bytes), "first");
});

eachStore("a reader waits until there is more, an end, or no stream", async ({ store }) => {
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

eachStore("a reader that leaves waits no longer", async ({ store }) => {
  const { stream: { number } } = await store.create("a");
  const leaving = new AbortController();
  const waiting = store.wait("a", number, 0, leaving.signal);
  leaving.abort();
  equal(await within("the reader leaves", waiting), false);
  equal(await store.wait("a", number, 0, leaving.signal), false);
});

eachStore("nobody waits for a store that was closed", async ({ store }) => {
  const { stream: { number } } = await store.create("a");
  const waiting = refused("stopped", within("the store is closed", store.wait("a", number, 0, never)));
  await store.close();
  await waiting;
  await refused("stopped", store.append("a", bytesOf("x")));
  await refused("stopped", store.create("b"));
  await store.close();
});

eachStore("what was asked for before the store is closed is done", async (tested) => {
  await tested.store.create("a");
  const appends = Promise.all([1, 2, 3].map((i) => tested.store.append("a", bytesOf(`${i}`))));
  const closed = tested.store.close();
  deepEqual((await appends).map(({ tail }) => tail), [1, 2, 3]);
  await closed;
});

eachStore("listeners are told of everything once it is stored, until they leave", async ({ store }) => {
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

eachStore("a stream that takes the id of a deleted one begins anew", async (tested) => {
  const first = await tested.store.create("a", { bytes: bytesOf("old"), metadata: 1 });
  await tested.store.append("a", bytesOf("er"), { producer: { id: "p", epoch: 7, sequence: 0 }, streamSequence: "z" });
  equal(await tested.store.delete("a"), true);
  await tested.again();
  equal(await tested.store.delete("a"), false);
  const second = await tested.store.create("a");
  ok(second.created && second.stream.number > first.stream.number);
  deepEqual([second.stream.tail, second.stream.metadata], [0, undefined]);
  await tested.store.append("a", bytesOf("new"), { producer: { id: "p", epoch: 0, sequence: 0 }, streamSequence: "a" });
  await tested.again();
  equal(await readText(tested.store, "a"), "new");
});

eachStore("a stream of any size is read as it was written, from any place", async (tested) => {
  const bytes = new Uint8Array(1_000_003).map((_, i) => (i * 31) ^ (i >> 8));
  await tested.store.create("a", { bytes: bytes.subarray(0, 300_000) }); // at once to blocks
  for (let at = 300_000; at < 500_000; at += 1000) {
    await tested.store.append("a", bytes.subarray(at, at + 1000));
  }
  await tested.again();
  await tested.store.append("a", bytes.subarray(500_000)); // blocks again, behind a part of one
  await tested.again();
  deepEqual(await readStream(tested.store, "a"), bytes);
  for (const from of [1, 32_735, 32_736, 299_999, 499_999, 500_001, 1_000_002]) {
    const piece = await tested.store.read("a", from, 70_000);
    deepEqual(piece.bytes, bytes.slice(from, from + 70_000), `from ${from}`);
  }
  deepEqual(tested.complaints, []);
});

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

eachStore("what is kept for each stream has its bound", async ({ store }) => {
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

eachStore("a stream that is being made is not read before it is stored", async ({ store }) => {
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

eachStore("a stream that is deleted while it is read is not found, or read whole", async ({ store, complaints }) => {
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
