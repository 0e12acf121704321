/** What is found when a directory is opened on which no checkpoint can be made. */

import { equal } from "node:assert/strict";
import { openLoom } from "../../../src/loom/open_loom.ts";
import { makeFolder } from "../../support/folder.ts";
import { bytesOf, readText } from "../../support/loom.ts";
import { copyStore } from "../../support/loom_faults.ts";
import { fromLatin1 } from "../../support/sources.ts";

Deno.test("a torn end stays cut off when streams are opened without a checkpoint, and more is appended", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("streams");
  {
    await using loom = await openLoom({ dir, kv: await failingKv(folder.file("first.kv")) });
    await loom.create("a");
    for (const text of ["one", "torn"]) await loom.append("a", bytesOf(text));
  }
  await flipText([`${dir}/journal-0`, `${dir}/journal-1`], "torn");
  {
    await using loom = await openLoom({ dir, kv: await failingKv(folder.file("first.kv")) });
    equal(await readText(loom, "a"), "one");
    await loom.append("a", bytesOf("two"));
  }
  await using loom = await openLoom({ dir, kv: await Deno.openKv(folder.file("first.kv")) });
  equal(await readText(loom, "a"), "onetwo");
});

Deno.test("what is appended behind a checkpoint that is stored, and fails all the same, is there after a crash", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("streams");
  await Deno.mkdir(dir, { mode: 0o700 });
  const path = `${dir}/streams.kv`;
  {
    await using loom = await openLoom({ dir, kv: await failingKv(path) });
    await loom.create("a");
    await loom.append("a", bytesOf("one"));
  }
  {
    await using loom = await openLoom({ dir, kv: await lateKv(path) });
    await loom.append("a", bytesOf("two"));
    await copyStore(dir, folder.file("crashed"));
  }
  await using loom = await openLoom({ dir: folder.file("crashed") });
  equal(await readText(loom, "a"), "onetwo");
});

/** A database that stores where a checkpoint stands, and says that it has not: a sync fails behind what was written. */
function lateKv(path: string): Promise<Deno.Kv> {
  return changedKv(path, (kv) => ({
    set: async (key: Deno.KvKey, value: unknown) => {
      await kv.set(key, value);
      throw new Error("the disk failed");
    },
  }));
}

/** A database that takes no checkpoint. */
function failingKv(path: string): Promise<Deno.Kv> {
  const chain = { set: () => chain, delete: () => chain, commit: () => Promise.reject(new Error("the disk is full")) };
  return changedKv(path, () => ({ atomic: () => chain }));
}

/** A database of which some methods do something else. */
async function changedKv(path: string, change: (kv: Deno.Kv) => object): Promise<Deno.Kv> {
  const kv = await Deno.openKv(path);
  const changed = change(kv);
  return new Proxy(kv, {
    get(target, name) {
      const value = Reflect.get(Reflect.has(changed, name) ? changed : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Damages a text in whichever of the files has it. */
async function flipText(paths: readonly string[], text: string): Promise<void> {
  for (const path of paths) {
    const bytes = await Deno.readFile(path).catch(() => new Uint8Array(0));
    const at = fromLatin1(bytes).lastIndexOf(text);
    if (at === -1) continue;
    bytes[at] ^= 1;
    await Deno.writeFile(path, bytes);
  }
}
