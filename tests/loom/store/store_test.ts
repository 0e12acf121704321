/** What every store promises of one stream: make, append, read, end, delete. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { StreamError } from "../../../src/loom/stream_error.ts";
import { BEGIN, bothStores, bytesOf, eachStore, readStream, readText, refused, textOf } from "../../support/loom.ts";
import { within } from "../../support/within.ts";

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

bothStores("two who make one stream at the same time make one", async ({ store }) => {
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

bothStores("what is not there is not found", async ({ store }) => {
  await refused("not-found", store.append("a", bytesOf("x")));
  await refused("not-found", store.read("a", 0, 1));
  await refused("not-found", store.positionAt("a", 0));
  equal(await store.delete("a"), false);
  equal(await store.wait("a", 1, 0, never), true);
});

bothStores("an append is refused when it is empty, too large, of another type, or behind an end", async ({ store }) => {
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

bothStores("an append can be bound to where the stream ends", async ({ store }) => {
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

bothStores("an append can be bound to the very stream that was seen, and not another of its id", async ({ store }) => {
  const { stream: { number } } = await store.create("a");
  await store.append("a", bytesOf("1"), { number });
  await store.create("a", { force: true });
  await refused("not-found", store.append("a", bytesOf("2"), { number }));
  await store.append("a", bytesOf("3"));
  equal(await readText(store, "a"), "3");
});

eachStore("what only this process can go on with has been aborted when the store is opened again", async (tested) => {
  await tested.store.create("a", { upload: true, bytes: bytesOf("1") });
  await tested.store.create("done", { upload: true });
  await tested.store.append("done", bytesOf("2"), { end: "closed" });
  await tested.store.create("other", { bytes: bytesOf("3") });
  await tested.again();
  const isAgain = tested.kind === "closed" || tested.kind === "crashed";
  const ends = ["a", "done", "other"].map((id) => tested.store.head(id)!.end);
  deepEqual(ends, [isAgain ? "aborted" : undefined, "closed", undefined]);
  equal(await readText(tested.store, "a"), "1");
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

bothStores("bytes that were given out stay as they were", async ({ store }) => {
  await store.create("a", { bytes: bytesOf("first") });
  const { bytes } = await store.read("a", 0, 100);
  for (let i = 0; i < 50; i++) await store.append("a", new Uint8Array(1000).fill(i));
  equal(textOf(bytes), "first");
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
