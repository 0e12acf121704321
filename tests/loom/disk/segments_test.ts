/** Blocks and their files: what was written is read again, and what is not what was written is never given out. */

import { Gather } from "../../../src/bytes/gather.ts";
import { deepEqual, equal, ok } from "node:assert/strict";
import {
  BLOCK_BYTES,
  decodeBlock,
  decodeBlockHead,
  HEAD_BYTES,
  PAYLOAD_BYTES,
  sealBlock,
} from "../../../src/loom/disk/block.ts";
import { BlockCache } from "../../../src/loom/disk/block_cache.ts";
import { type Owner, Segments } from "../../../src/loom/disk/segments.ts";
import { TailBuffer } from "../../../src/loom/disk/tail_buffer.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";
import { bytesOf, openStore, readStream, refused } from "../../support/loom.ts";
import { randomFrom } from "../../support/random.ts";

const SEGMENT_BLOCKS = 2048;

/** Bytes of which each place looks different. */
function bytesFrom(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const random = randomFrom(seed);
  return new Uint8Array(length).map(() => random(256));
}

async function makeSegments(): Promise<{ segments: Segments; folder: Folder } & AsyncDisposable> {
  const folder = await makeFolder();
  const segments = new Segments(folder.path, false);
  await segments.prepare();
  return { segments, folder, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

Deno.test("a block is read as it was written, by whoever knows whose it is", () => {
  const payload = bytesFrom(1, PAYLOAD_BYTES);
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(payload, HEAD_BYTES);
  sealBlock(block, { timeMs: 1234.5, number: 7, from: 2 ** 45 });
  deepEqual(decodeBlock(block, 7, 2 ** 45), payload);
  deepEqual(decodeBlockHead(block), { timeMs: 1234.5, number: 7, from: 2 ** 45 });
  equal(decodeBlock(block, 8, 2 ** 45), undefined);
  equal(decodeBlock(block, 7, 0), undefined);
  equal(decodeBlock(block.subarray(0, -1), 7, 2 ** 45), undefined);
  equal(decodeBlock(new Uint8Array(BLOCK_BYTES), 0, 0), undefined);
  const shifted = new Uint8Array(BLOCK_BYTES + 3); // at any place of a larger buffer
  shifted.set(block, 3);
  deepEqual(decodeBlock(shifted.subarray(3), 7, 2 ** 45), payload);
});

Deno.test("a block with a flipped bit is none", () => {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(bytesFrom(2, PAYLOAD_BYTES), HEAD_BYTES);
  sealBlock(block, { timeMs: 1, number: 7, from: 0 });
  for (let at = 0; at < BLOCK_BYTES; at += at < HEAD_BYTES + 64 ? 1 : 4093) {
    for (let bit = 0; bit < 8; bit++) {
      block[at] ^= 1 << bit;
      equal(decodeBlock(block, 7, 0), undefined, `bit ${bit} of byte ${at}`);
      block[at] ^= 1 << bit;
    }
  }
  ok(decodeBlock(block, 7, 0));
});

Deno.test("blocks are read from any place to any other", async () => {
  await using made = await makeSegments();
  const { segments } = made;
  const owner: Owner = { number: 300, base: 1000 };
  const bytes = bytesFrom(3, 5 * PAYLOAD_BYTES + 100);
  const end = await segments.write(owner, { from: 1000, bytes: new Gather([bytes]), timeOf: () => 1 });
  equal(end, 1000 + 5 * PAYLOAD_BYTES);
  const cache = new BlockCache(segments);
  const random = randomFrom(4);
  for (let i = 0; i < 60; i++) {
    const from = random(5 * PAYLOAD_BYTES - 1);
    const to = from + 1 + random(i % 2 ? 100 : 5 * PAYLOAD_BYTES - from);
    if (to > 5 * PAYLOAD_BYTES) continue;
    const expected = bytes.slice(from, to);
    deepEqual(await segments.read(owner, 1000 + from, 1000 + to), expected);
    deepEqual(await cache.read(owner, 1000 + from, 1000 + to), expected);
  }
});

Deno.test("blocks run on from one file to the next, and old files go", async () => {
  await using made = await makeSegments();
  const { segments, folder } = made;
  const owner: Owner = { number: 5, base: 0 };
  const from = (SEGMENT_BLOCKS - 2) * PAYLOAD_BYTES; // the file has a hole before
  const bytes = bytesFrom(5, 4 * PAYLOAD_BYTES);
  const end = await segments.write(owner, { from, bytes: new Gather([bytes]), timeOf: (position) => position });
  deepEqual(await segments.read(owner, from, end), bytes);
  deepEqual(await segments.read(owner, from + 10, end - 10), bytes.slice(10, -10));
  const files = () => [...Deno.readDirSync(folder.file("streams/05"))].map(({ name }) => name).sort();
  deepEqual(files(), ["5-0", "5-1"]);
  await segments.remove(owner, end, SEGMENT_BLOCKS * PAYLOAD_BYTES - 1); // a byte of the first is needed
  deepEqual(files(), ["5-0", "5-1"]);
  await segments.remove(owner, end, SEGMENT_BLOCKS * PAYLOAD_BYTES);
  deepEqual(files(), ["5-1"]);
  await refused("corrupt", segments.read(owner, from, from + 10));
  deepEqual(await segments.read(owner, SEGMENT_BLOCKS * PAYLOAD_BYTES, end), bytes.slice(2 * PAYLOAD_BYTES));
  await segments.remove(owner, end);
  deepEqual(files(), []);
  await segments.remove(owner, end); // to remove what is gone is no failure
});

Deno.test("blocks that count for nothing are taken back, the others stay", async () => {
  await using made = await makeSegments();
  const { segments, folder } = made;
  const owner: Owner = { number: 1, base: 0 };
  const bytes = bytesFrom(6, 4 * PAYLOAD_BYTES);
  await segments.write(owner, { from: 0, bytes: new Gather([bytes]), timeOf: () => 1 });
  await segments.cut(owner, 3 * PAYLOAD_BYTES, 4 * PAYLOAD_BYTES);
  equal((await Deno.stat(folder.file("streams/01/1-0"))).size, 3 * BLOCK_BYTES);
  deepEqual(await segments.read(owner, 0, 3 * PAYLOAD_BYTES), bytes.slice(0, 3 * PAYLOAD_BYTES));
  await refused("corrupt", segments.read(owner, 3 * PAYLOAD_BYTES, 4 * PAYLOAD_BYTES));
  await segments.cut(owner, 0, 4 * PAYLOAD_BYTES);
  deepEqual([...Deno.readDirSync(folder.file("streams/01"))], []);
});

Deno.test("files of streams that are not there are removed, others and strangers are not", async () => {
  await using made = await makeSegments();
  const { segments, folder } = made;
  for (const part of ["01", "02"]) await Deno.mkdir(folder.file(`streams/${part}`));
  for (const name of ["01/1-0", "01/1-1", "01/257-0", "02/2-0", "02/readme", "02/2-0.bak"]) {
    await Deno.writeTextFile(folder.file(`streams/${name}`), "x");
  }
  equal(await segments.removeOrphans((number) => number === 1), 2);
  deepEqual([...Deno.readDirSync(folder.file("streams/01"))].map(({ name }) => name).sort(), ["1-0", "1-1"]);
  deepEqual([...Deno.readDirSync(folder.file("streams/02"))].map(({ name }) => name).sort(), ["2-0.bak", "readme"]);
});

Deno.test("the block of a time is the last one that can be before it", async () => {
  await using made = await makeSegments();
  const { segments } = made;
  const owner: Owner = { number: 1, base: 50 };
  const times = [10, 10, 20, 20, 20, 30];
  const bytes = new Uint8Array(times.length * PAYLOAD_BYTES);
  const block = (position: number) => (position - 50) / PAYLOAD_BYTES;
  const end = await segments.write(owner, {
    from: 50,
    bytes: new Gather([bytes]),
    timeOf: (position) => times[block(position)],
  });
  const at = async (timeMs: number) => block(await segments.positionAt(owner, timeMs, 50, end));
  deepEqual([await at(5), await at(10), await at(11), await at(20)], [0, 0, 1, 1]);
  deepEqual([await at(21), await at(30), await at(31)], [4, 4, 5]);
});

Deno.test("a damaged file of a stream is reported, never served, and harms no other stream", async () => {
  await using tested = await openStore("disk");
  const { store, dir } = tested;
  const bytes = bytesFrom(7, 400_000);
  await store.create("a", { bytes });
  await store.create("b", { bytes });
  const [mine, other] = [`${dir}/streams/01/1-0`, `${dir}/streams/02/2-0`];
  const whole = await Deno.readFile(mine);
  for (let at = 0; at < whole.byteLength; at += at % BLOCK_BYTES < HEAD_BYTES ? 1 : 6007) {
    const damaged = new Uint8Array(whole);
    damaged[at] ^= 1 << at % 8;
    await Deno.writeFile(mine, damaged);
    const block = Math.floor(at / BLOCK_BYTES);
    await refused("corrupt", store.read("a", 0, 400_000), `byte ${at}`);
    await refused("corrupt", store.read("a", block * PAYLOAD_BYTES + 5, 10), `byte ${at}`);
    if (at > BLOCK_BYTES) break; // the second block has no other bytes than the first
  }
  for (const content of [new Uint8Array(0), whole.subarray(0, -1), await Deno.readFile(other)]) {
    await Deno.writeFile(mine, content);
    await refused("corrupt", store.read("a", 0, 400_000));
  }
  await Deno.remove(mine);
  await refused("corrupt", store.read("a", 0, 400_000));
  deepEqual(await readStream(store, "b"), bytes);
  await Deno.writeFile(mine, whole);
  await store.append("a", bytesOf("!"));
  deepEqual(await readStream(store, "a"), new Uint8Array([...bytes, 33]));
});

Deno.test("a tail is one buffer, whose bytes stay where they were for whoever has a view", () => {
  const tail = new TailBuffer(100);
  deepEqual([tail.from, tail.to, tail.capacity], [100, 100, 0]);
  const bytes = bytesFrom(8, 3000);
  const views: [from: number, to: number, view: Uint8Array][] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const size = Math.min(1 + at % 97, bytes.byteLength - at);
    tail.append(bytes.subarray(at, at + size));
    at += size;
    equal(tail.to, 100 + at);
    const from = Math.max(tail.from, 100 + at - 150);
    views.push([from - 100, at, tail.view(from, 100 + at)]);
    if (at % 5 === 0) tail.dropBefore(100 + at - 200);
  }
  for (const [from, to, view] of views) deepEqual(view, bytes.slice(from, to));
  ok(tail.capacity <= 1024, `${tail.capacity}`);
  tail.dropBefore(0); // lies behind
  const all = tail.view(tail.from, tail.to);
  deepEqual(all, bytes.slice(tail.from - 100));
  tail.dropBefore(tail.to);
  deepEqual([tail.from, tail.to], [3100, 3100]);
});

Deno.test("a tail has bytes of its own", () => {
  const mine = bytesOf("abc");
  const tail = new TailBuffer(0, mine);
  mine[0] = 0;
  deepEqual(tail.view(0, 3), bytesOf("abc"));
});

Deno.test("the files of what is deleted, replaced or never was are gone when the store is closed", async () => {
  await using tested = await openStore("disk");
  const { store, dir } = tested;
  const bytes = bytesFrom(9, 300_000);
  await store.create("deleted", { bytes });
  await store.create("replaced", { bytes });
  await store.create("replaced", { bytes: bytesOf("small"), force: true });
  const [first, second] = await Promise.allSettled([
    store.create("twice", { bytes }),
    store.create("twice", { bytes: bytes.subarray(1), force: true }), // in the same commit
    store.append("deleted", bytes),
    store.delete("deleted"), // in the same commit too
  ]);
  deepEqual([first.status, second.status], ["fulfilled", "fulfilled"]);
  await store.close();
  const files = Array.from(
    Deno.readDirSync(`${dir}/streams`),
    ({ name }) => [...Deno.readDirSync(`${dir}/streams/${name}`)],
  );
  deepEqual(files.flat().map(({ name }) => name), ["5-0"]); // the second "twice"
});
