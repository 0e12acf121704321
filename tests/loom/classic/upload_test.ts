import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { openMemoryLoom } from "../../../src/loom/open_loom.ts";
import { StreamError } from "../../../src/loom/stream_error.ts";
import type { StreamInfo, StreamStore } from "../../../src/loom/stream_store.ts";
import { Upload } from "../../../src/loom/classic/upload.ts";
import { until, within } from "../../support/within.ts";

const MiB = 1024 * 1024;

/** A store whose appends wait until they are let through, and are noted. */
function gated(store: StreamStore) {
  const sizes: number[] = [];
  const gates: (() => void)[] = [];
  let open = false;
  let turn = Promise.resolve();
  const append: StreamStore["append"] = async (id, bytes, options) => {
    sizes.push(bytes.byteLength);
    const gate = open ? undefined : new Promise<void>((resolve) => gates.push(resolve));
    await (turn = turn.then(() => gate));
    return await store.append(id, bytes, options);
  };
  return {
    store: { append, head: (id: string) => store.head(id) } as StreamStore,
    sizes,
    /** Lets the first append that waits through. */
    next: () => gates.shift()!(),
    /** Lets all through from now on. */
    open: () => {
      open = true;
      gates.splice(0).forEach((gate) => gate());
    },
  };
}

async function make(store: StreamStore, id = "up"): Promise<StreamInfo> {
  return (await store.create(id)).stream;
}

const bytes = (text: string) => new TextEncoder().encode(text);

async function contentOf(store: StreamStore, id = "up"): Promise<string> {
  return new TextDecoder().decode((await store.read(id, 0, 64 * MiB)).bytes);
}

Deno.test("a chunk is appended at once when nothing is under way", async () => {
  await using store = await openMemoryLoom();
  const upload = new Upload(store, await make(store));
  upload.write(bytes("one"));
  await until("it is there", () => store.head("up")!.tail === 3);
  await upload.end("closed");
  deepEqual([await contentOf(store), store.head("up")!.end], ["one", "closed"]);
});

Deno.test("what comes while an append is under way is put together into the next", async () => {
  await using store = await openMemoryLoom();
  const gate = gated(store);
  const upload = new Upload(gate.store, await make(store));
  for (const text of ["a", "b", "c", "d"]) upload.write(bytes(text));
  deepEqual(gate.sizes, [1]);
  gate.next();
  await until("the next append begins", () => gate.sizes.length === 2);
  deepEqual(gate.sizes, [1, 3]);
  gate.open();
  await upload.end("closed");
  equal(await contentOf(store), "abcd");
});

Deno.test("a fast producer waits when two appends are under way and as much as one holds is collected", async () => {
  await using store = await openMemoryLoom();
  const gate = gated(store);
  const upload = new Upload(gate.store, await make(store));
  const chunk = new Uint8Array(64 * 1024).fill(120);
  let taken = 0;
  let room: Promise<void> | undefined;
  while (!room && taken < 64 * MiB) {
    room = upload.write(chunk);
    taken += chunk.byteLength;
  }
  equal(gate.sizes.length, 2);
  ok(taken <= 3 * limits.uploadAppendBytes, `${taken} bytes were taken`);
  gate.open();
  await room;
  await upload.end("closed");
  equal(store.head("up")!.tail, taken);
});

Deno.test("many tiny chunks count for more than their bytes", async () => {
  await using store = await openMemoryLoom();
  const gate = gated(store);
  const upload = new Upload(gate.store, await make(store));
  let count = 0;
  let room: Promise<void> | undefined;
  while (!room && count < 1e6) [room, count] = [upload.write(bytes("x")), count + 1];
  ok(count < 40_000, `${count} chunks were taken`);
  gate.open();
  await room;
  await upload.end("closed");
  equal(store.head("up")!.tail, count);
});

Deno.test("a chunk larger than an append is stored in several", async () => {
  await using store = await openMemoryLoom();
  const gate = gated(store);
  gate.open();
  const upload = new Upload(gate.store, await make(store));
  const size = 2 * limits.uploadAppendBytes + 5;
  await upload.write(new Uint8Array(size));
  await upload.end("closed");
  equal(store.head("up")!.tail, size);
  ok(Math.max(...gate.sizes) <= limits.uploadAppendBytes);
});

Deno.test("an append that fails ends the stream as aborted, and nothing is stored behind the gap", async () => {
  await using store = await openMemoryLoom();
  let appends = 0;
  const failing = {
    head: (id: string) => store.head(id),
    append: (id, bytes, options) => {
      if (bytes.byteLength > 0 && ++appends === 2) return Promise.reject(new StreamError("full", "The disk is full"));
      return store.append(id, bytes, options);
    },
  } as StreamStore;
  const upload = new Upload(failing, await make(store));
  upload.write(bytes("kept"));
  await until("the first is stored", () => store.head("up")!.tail === 4);
  upload.write(bytes("lost"));
  const room = upload.write(new Uint8Array(limits.uploadAppendBytes).fill(120));
  await rejects(async () => {
    await room;
    await upload.end("closed");
  }, { code: "full" });
  await rejects(upload.end("aborted"), { code: "full" });
  deepEqual([await contentOf(store), store.head("up")!.end], ["kept", "aborted"]);
});

Deno.test("bytes for a stream that was replaced do not go into the one that took its id", async () => {
  await using store = await openMemoryLoom();
  const upload = new Upload(store, await make(store));
  await store.create("up", { force: true });
  await rejects(within("it fails", upload.end("closed")), { code: "not-found" });
  deepEqual([await contentOf(store), store.head("up")!.end], ["", undefined]);
});
