/** Disks that fail: what could not be stored is refused and not shown, and the store goes on when the disk does. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openLoom } from "../../../src/loom/open_loom.ts";
import { makeFolder } from "../../support/folder.ts";
import {
  canInject,
  canMount,
  copyStore,
  digest,
  inject,
  onSmallDisk,
  readAll,
  rotations,
  startTeller,
} from "../../support/loom_faults.ts";
import { until } from "../../support/within.ts";
import { scenarios } from "./programs/full_disk.ts";

const strace = await canInject();
/** Tests that make system calls fail. */
const test = (name: string, run: () => Promise<void>) =>
  Deno.test({ name: strace ? name : `${name} (not tested: strace can't be used here)`, ignore: !strace, fn: run });

const FULL_DISK = fileURLToPath(new URL("programs/full_disk.ts", import.meta.url));
const LARGE = 1_000_000;
const text = (parts: readonly (readonly [string, number])[]) =>
  parts.map(([part, times]) => part.repeat(times)).join("");
const bytesOf = (char: string, times: number) => new TextEncoder().encode(char.repeat(times));
const producers = Array.from({ length: 20 }, (_, i) => ({ id: `p${i}`, epoch: 0, sequence: 0 }));
const digestOf = (...parts: readonly (readonly [string, number])[]) => digest(new TextEncoder().encode(text(parts)));

test("an append whose sync fails is refused and not shown, and the next one that does not fail is stored", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  {
    await using store = await startTeller(dir);
    await store.ask({ what: "create", id: "s", text: "a" });
    await store.ask({ what: "create", id: "other", text: "o" });
    {
      await using _ = await inject(store.pid, "fdatasync");
      for (const times of [1, LARGE]) {
        const { code, message } = await store.ask({ what: "append", id: "s", text: "b", times });
        equal(code, "storage", `${times} bytes`);
        match(message!, /Input\/output error/);
      }
      equal((await store.ask({ what: "create", id: "new" })).code, "storage");
      equal((await store.ask({ what: "delete", id: "other" })).code, "storage");
      equal((await store.ask({ what: "head", id: "new" })).done, null);
      equal((await store.ask({ what: "digest", id: "s" })).done, digestOf(["a", 1]));
      equal((await store.ask({ what: "digest", id: "other" })).done, digestOf(["o", 1]));
    }
    equal((await store.ask({ what: "append", id: "s", text: "c" })).code, undefined);
    equal((await store.ask({ what: "append", id: "s", text: "d", times: LARGE })).code, undefined);
    equal((await store.ask({ what: "append", id: "other", text: "p" })).code, undefined);
  }
  await using loom = await openLoom({ dir });
  equal(digest(await readAll(loom, "s")), digestOf(["a", 1], ["c", 1], ["d", LARGE]));
  equal(digest(await readAll(loom, "other")), digestOf(["o", 1], ["p", 1]));
  equal(loom.head("new"), undefined);
});

test("when the process ends before the disk works again, the first append that failed is there whole or not at all", async () => {
  for (const sizes of [[10, 20], [LARGE, 2 * LARGE], [2 * LARGE, LARGE], [LARGE, 10], [10, LARGE]]) {
    await using folder = await makeFolder();
    const dir = folder.file("loom");
    {
      await using store = await startTeller(dir);
      await store.ask({ what: "create", id: "s", text: "a", times: 50_000 });
      await using _ = await inject(store.pid, "fdatasync", [`${dir}/journal-1`, `${dir}/journal-0`]);
      equal((await store.ask({ what: "append", id: "s", text: "b", times: sizes[0] })).code, "storage");
      equal((await store.ask({ what: "append", id: "s", text: "c", times: sizes[1] })).code, "storage");
      await store.kill();
    }
    await using loom = await openLoom({ dir });
    const found = digest(await readAll(loom, "s"));
    const without = digestOf(["a", 50_000]);
    const whole = digestOf(["a", 50_000], ["b", sizes[0]]);
    ok(found === without || found === whole, `Neither the one nor the other: ${sizes}`);
    await loom.append("s", new Uint8Array(3));
    equal(loom.head("s")!.tail, (found === without ? 50_000 : 50_000 + sizes[0]) + 3);
  }
});

test("a stream whose own file fails does not keep others, nor its small appends", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  {
    await using store = await startTeller(dir);
    await store.ask({ what: "create", id: "s", text: "a", times: LARGE });
    await store.ask({ what: "create", id: "other" });
    {
      await using _ = await inject(store.pid, "fdatasync", [`${dir}/streams/01/1-0`]);
      equal((await store.ask({ what: "append", id: "s", text: "b", times: LARGE })).code, "storage");
      equal((await store.ask({ what: "append", id: "s", text: "c" })).code, undefined);
      equal((await store.ask({ what: "append", id: "other", text: "o", times: LARGE })).code, undefined);
    }
    equal((await store.ask({ what: "append", id: "s", text: "d", times: LARGE })).code, undefined);
    equal((await store.ask({ what: "digest", id: "s" })).done, digestOf(["a", LARGE], ["c", 1], ["d", LARGE]));
  }
  await using loom = await openLoom({ dir });
  equal(digest(await readAll(loom, "s")), digestOf(["a", LARGE], ["c", 1], ["d", LARGE]));
  equal(digest(await readAll(loom, "other")), digestOf(["o", LARGE]));
});

for (
  const [what, calls, file] of [["Deno.Kv", "fsync", "streams.kv-wal"], ["a stream", "fdatasync", "streams/02/2-0"]]
) {
  test(`a checkpoint that fails at the files of ${what} is tried again, and forgets neither bytes nor producers`, async () => {
    await using folder = await makeFolder();
    const dir = folder.file("loom");
    let times = LARGE;
    {
      await using store = await startTeller(dir);
      const append = async () => {
        equal((await store.ask({ what: "append", id: "s", text: "x", times: 200_000 })).code, undefined);
        times += 200_000;
      };
      await store.ask({ what: "create", id: "p" });
      await store.ask({ what: "create", id: "s", text: "x", times });
      for (const producer of producers) {
        await store.ask({ what: "append", id: "p", text: "p", options: { producer } });
      }
      const before = await rotations(dir);
      {
        await using _ = await inject(store.pid, calls, [`${dir}/${file}`]);
        while (times < 20_000_000) await append();
        await store.said(/could not be worked off/);
        equal(await rotations(dir), before);
      }
      await until("a checkpoint has succeeded", async () => {
        await append();
        return await rotations(dir) > before;
      });
    }
    await using loom = await openLoom({ dir });
    equal(digest(await readAll(loom, "s")), digestOf(["x", times]));
    for (const producer of producers) {
      equal((await loom.append("p", new TextEncoder().encode("p"), { producer })).duplicate, true, producer.id);
    }
    equal(loom.head("p")!.tail, producers.length);
  });
}

Deno.test("an append that failed, and could not be taken out of the journal, keeps its blocks until it is", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  await using loom = await openLoom({ dir });
  await loom.create("s", { bytes: bytesOf("a", 50_000) });
  {
    using _ = brokenJournal();
    await rejects(loom.append("s", bytesOf("b", 2 * LARGE)), { code: "storage" });
    await rejects(loom.append("s", bytesOf("c", LARGE)), { code: "storage" });
    await copyStore(dir, folder.file("copy"));
  }
  await loom.append("s", bytesOf("d", LARGE));
  equal(digest(await readAll(loom, "s")), digestOf(["a", 50_000], ["d", LARGE]));
  await using crashed = await openLoom({ dir: folder.file("copy") });
  const found = digest(await readAll(crashed, "s"));
  ok(found === digestOf(["a", 50_000]) || found === digestOf(["a", 50_000], ["b", 2 * LARGE]), "Parts of both");
});

/** Lets the second sync fail, which is the journal's behind that of the blocks, and all short writes from then on. */
function brokenJournal(): Disposable {
  const { syncData, writeSync } = Deno.FsFile.prototype;
  let syncs = 0;
  Deno.FsFile.prototype.syncData = function () {
    return ++syncs === 2 ? Promise.reject(new Error("Input/output error")) : syncData.call(this);
  };
  Deno.FsFile.prototype.writeSync = function (bytes) {
    if (syncs >= 2) throw new Error("Input/output error");
    return writeSync.call(this, bytes);
  };
  return { [Symbol.dispose]: () => Object.assign(Deno.FsFile.prototype, { syncData, writeSync }) };
}

Deno.test("a checkpoint takes more producers and metadata than Deno.Kv takes at once", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  const metadata = { text: "m".repeat(16_000) };
  const producer = (i: number) => ({ id: `${i}`.padEnd(256, "p"), epoch: 0, sequence: 0 });
  const said: string[] = [];
  const open = () => openLoom({ dir, log: (_level, message) => said.push(message) });
  {
    await using loom = await open();
    await loom.create("s");
    // More than it remembers, so that some are forgotten again.
    await Promise.all(
      Array.from({ length: 1500 }, (_, i) => loom.append("s", bytesOf("s", 1), { producer: producer(i) })),
    );
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => loom.create(`m${i}`, { metadata, bytes: bytesOf("m", 9000) })),
    );
  }
  await using loom = await open();
  deepEqual(said, []);
  for (const i of [480, 1000, 1499]) {
    equal((await loom.append("s", bytesOf("s", 1), { producer: producer(i) })).duplicate, true, `producer ${i}`);
  }
  for (let i = 0; i < 100; i++) {
    deepEqual(loom.head(`m${i}`)!.metadata, metadata);
    equal(loom.head(`m${i}`)!.tail, 9000);
  }
  equal(await loom.delete("s"), true);
});

const mount = await canMount();
for (const [name, { bytes }] of Object.entries(scenarios)) {
  Deno.test({
    name: mount ? name : `${name} (not tested: no disk can be mounted here)`,
    ignore: !mount,
    fn: () => onSmallDisk(bytes, FULL_DISK, name),
  });
}
