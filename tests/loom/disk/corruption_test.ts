/** Bits that flip, files that are cut or gone: what was stored is reported as damaged, never served otherwise. */

import { Buffer } from "node:buffer";
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { openLoom } from "../../../src/loom/open_loom.ts";
import { makeFolder } from "../../support/folder.ts";
import { copyStore, flipBit, readAll } from "../../support/loom_faults.ts";

const BLOCK_BYTES = 32 * 1024;
const PAYLOAD_BYTES = BLOCK_BYTES - 32;
/** The first stream of a directory has number 1, and this file. */
const FILE = "streams/01/1-0";

const bytesOf = (char: string, times: number) => new TextEncoder().encode(char.repeat(times));
const corrupt = (words: RegExp) => (error: unknown) => {
  equal((error as { code?: string }).code, "corrupt", String(error));
  match((error as Error).message, words);
  return true;
};

/** Makes a directory with a stream of four blocks and one of a few bytes, and damages it. */
async function damaged(damage: (dir: string) => Promise<void>, check: (dir: string) => Promise<void>): Promise<void> {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  {
    await using loom = await openLoom({ dir });
    await loom.create("blocks", { bytes: bytesOf("b", 8 * PAYLOAD_BYTES + 100) });
    await loom.create("other", { bytes: bytesOf("o", 8 * PAYLOAD_BYTES) });
    await loom.create("few", { bytes: bytesOf("f", 100) });
  }
  await damage(dir);
  await check(dir);
}

Deno.test("a flipped bit in a block is reported, wherever it is, and the other blocks are read", async () => {
  for (
    const [what, place] of Object.entries({
      length: 1,
      checksum: 5,
      time: 9,
      number: 17,
      position: 25,
      payload: 32,
      end: BLOCK_BYTES - 1,
    })
  ) {
    await damaged(
      (dir) => flipBit(`${dir}/${FILE}`, 2 * BLOCK_BYTES + place, 3),
      async (dir) => {
        await using loom = await openLoom({ dir });
        const [from, to] = [2 * PAYLOAD_BYTES, 3 * PAYLOAD_BYTES];
        await rejects(
          loom.read("blocks", from, 10),
          corrupt(new RegExp(`from ${from} on.*${FILE} at byte 65536`)),
          what,
        );
        await rejects(loom.read("blocks", 0, 8 * PAYLOAD_BYTES), corrupt(/not what was written/), what);
        equal((await loom.read("blocks", from - 10, 10)).bytes.byteLength, 10);
        deepEqual((await loom.read("blocks", to, 10)).bytes, bytesOf("b", 10));
        await appendAndRead(loom, ["other", "few"]);
        await loom.append("blocks", bytesOf("c", 10));
        match(Buffer.from((await loom.read("blocks", to, 1_000_000)).bytes).toString(), /^b+c{10}$/);
      },
    );
  }
});

async function appendAndRead(loom: Awaited<ReturnType<typeof openLoom>>, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await loom.append(id, bytesOf("n", 10));
    match((await readAll(loom, id)).toString(), new RegExp(`^${id[0]}+n{10}$`));
  }
}

Deno.test("a file of a stream that is cut, empty, gone or another's is reported, and the other streams are read", async () => {
  const damages: Record<string, [RegExp, (path: string, dir: string) => Promise<void>]> = {
    cut: [/too short/, (path) => Deno.truncate(path, 3 * BLOCK_BYTES + 5)],
    empty: [/too short/, (path) => Deno.truncate(path, 0)],
    gone: [/missing/, (path) => Deno.remove(path)],
    "another's": [/not what was written/, (path, dir) => Deno.copyFile(`${dir}/streams/02/2-0`, path)],
  };
  for (const [what, [words, damage]] of Object.entries(damages)) {
    await damaged((dir) => damage(`${dir}/${FILE}`, dir), async (dir) => {
      await using loom = await openLoom({ dir });
      await rejects(readAll(loom, "blocks"), corrupt(words), what);
      await appendAndRead(loom, ["other", "few"]);
      equal(await loom.delete("blocks"), true, what);
    });
  }
});

Deno.test("a flipped bit in what lies in no block yet is reported", async () => {
  await damaged(async (dir) => {
    const at = (await Deno.readFile(`${dir}/streams.kv`)).findLastIndex((byte, i, all) =>
      byte === 102 && all[i - 1] === 102
    );
    ok(at > 0);
    await flipBit(`${dir}/streams.kv`, at - 10);
  }, async (dir) => {
    await using loom = await openLoom({ dir });
    await rejects(readAll(loom, "few"), corrupt(/not what was written to streams.kv/));
    await appendAndRead(loom, ["other"]);
  });
});

Deno.test("damage in one stream does not keep others from being let go", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  {
    await using loom = await openLoom({ dir });
    const values = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => i));
    await loom.create("json", { contentType: "application/json", bytes: new TextEncoder().encode(values) });
    await loom.append("json", new TextEncoder().encode(values));
    await loom.create("other", { bytes: bytesOf("o", 8 * PAYLOAD_BYTES) });
  }
  for (let block = 0; block < 6; block++) await flipBit(`${dir}/${FILE}`, block * BLOCK_BYTES + 100);
  await using loom = await openLoom({ dir, limits: { keepBytes: 2 * PAYLOAD_BYTES } });
  await rejects(loom.expire(), corrupt(/not what was written/)); // where a message begins can't be read
  equal(loom.head("json")!.start, 0);
  equal(loom.head("other")!.start, 6 * PAYLOAD_BYTES);
});

/** Makes a directory as a crash leaves it, its journal with so many records, and gives where each begins. */
async function crashed(dir: string, copy: string): Promise<{ path: string; records: number[]; end: number }> {
  await using loom = await openLoom({ dir });
  const path = `${copy}/journal-1`;
  const records: number[] = [];
  await loom.create("s");
  for (const char of "abcde") {
    records.push(await endOfJournal(`${dir}/journal-1`));
    await loom.append("s", bytesOf(char, 100));
  }
  await copyStore(dir, copy);
  return { path, records, end: await endOfJournal(`${dir}/journal-1`) };
}

async function endOfJournal(path: string): Promise<number> {
  return (await Deno.readFile(path)).findLastIndex((byte) => byte !== 0) + 1;
}

Deno.test("a flipped bit in the journal before its last record keeps it from being opened", async () => {
  await using folder = await makeFolder();
  const { path, records } = await crashed(folder.file("loom"), folder.file("copy"));
  const head = Array.from({ length: 32 }, (_, i) => i);
  const second = Array.from({ length: 24 }, (_, i) => records[1] + i);
  const others = [records[0] + 30, records[2] - 1, records[2] + 60, records[4] - 1];
  for (const at of [...head, ...second, ...others]) {
    await flipBit(path, at, at % 8);
    await rejects(
      openLoom({ dir: folder.file("copy") }),
      corrupt(/journal-1 is damaged at byte \d+.*backup/),
      `byte ${at}`,
    );
    await flipBit(path, at, at % 8);
  }
  await using loom = await openLoom({ dir: folder.file("copy") });
  equal((await readAll(loom, "s")).byteLength, 500);
});

Deno.test("a zeroed page in the journal keeps it from being opened too", async () => {
  await using folder = await makeFolder();
  const { path, records } = await crashed(folder.file("loom"), folder.file("copy"));
  using file = await Deno.open(path, { write: true });
  await file.seek(records[1], Deno.SeekMode.Start);
  await file.write(new Uint8Array(records[3] - records[1]));
  await rejects(openLoom({ dir: folder.file("copy") }), corrupt(/journal-1 is damaged at byte/));
});

Deno.test("a last record of the journal that is not whole is cut off, and named in the log", async () => {
  await using folder = await makeFolder();
  const { records, end } = await crashed(folder.file("loom"), folder.file("copy"));
  const last = records[4];
  for (const at of [last, last + 1, last + 16, last + 20, last + 25, last + 60, end - 1]) {
    const dir = folder.file(`copy ${at}`);
    await copyStore(folder.file("copy"), dir);
    using file = await Deno.open(`${dir}/journal-1`, { read: true, write: true });
    // What a write that was broken off leaves of the record: its beginning, and what was there before.
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(new Uint8Array(end - at));
    const said: string[] = [];
    await using loom = await openLoom({
      dir,
      log: (level, message, fields) => said.push(`${level} ${message} ${fields?.at}`),
    });
    equal((await readAll(loom, "s")).toString(), "abcd".replace(/./g, (char) => char.repeat(100)), `byte ${at}`);
    const warned = said.filter((line) => line.startsWith("warn"));
    if (at > last) match(warned.join(), new RegExp(`not whole.*cut off ${last}$`), `byte ${at}`);
    else deepEqual(warned, []);
    await loom.append("s", bytesOf("e", 100));
  }
});

Deno.test("bytes that look like a record of the journal are not taken for one", async () => {
  await using folder = await makeFolder();
  const { path } = await crashed(folder.file("loom"), folder.file("copy"));
  const journal = await Deno.readFile(path);
  const end = await endOfJournal(path);
  {
    // All that a journal has been, as the bytes of a stream in the next one; its last record is then broken off.
    await using loom = await openLoom({ dir: folder.file("copy") });
    await loom.create("fake", { bytes: journal.subarray(0, end) });
    await copyStore(folder.file("copy"), folder.file("second"));
  }
  await flipBit(folder.file("second/journal-0"), await endOfJournal(folder.file("second/journal-0")) - 1);
  await using loom = await openLoom({ dir: folder.file("second") });
  equal(loom.head("fake"), undefined);
  equal((await readAll(loom, "s")).byteLength, 500);
});

Deno.test("a file of the journal that is gone while it is needed, or Deno.Kv's, keeps the directory from being opened", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  const [first, second] = [folder.file("first"), folder.file("second")];
  {
    await using loom = await openLoom({ dir });
    await loom.create("s", { bytes: bytesOf("s", 100) });
  }
  const kv = await Deno.openKv(`${dir}/streams.kv`);
  let broken = false;
  {
    await using loom = await openLoom({ dir, kv: breakable(kv, () => broken) });
    await loom.append("s", bytesOf("s", 100));
    broken = true;
    for (let i = 0; i < 100; i++) await loom.append("s", bytesOf("s", 200_000)); // a checkpoint begins, and fails
    await copyStore(dir, first);
    await copyStore(dir, second);
  }
  await Deno.remove(`${first}/journal-1`);
  await rejects(openLoom({ dir: first }), corrupt(/Commits 2 to \d+ are missing before those in .*journal-0/));
  await Deno.remove(`${second}/streams.kv`);
  await Deno.remove(`${second}/streams.kv-wal`);
  await rejects(
    openLoom({ dir: second }),
    corrupt(/Commits 1 to 1 are missing before those in .*journal-1: streams.kv/),
  );
  // Whoever does not have it goes on without what was appended since.
  await Deno.remove(`${first}/journal-0`);
  await using loom = await openLoom({ dir: first });
  equal(loom.head("s")!.tail, 100);
});

/** A database whose changes of several keys fail when they are told to. */
function breakable(kv: Deno.Kv, isBroken: () => boolean): Deno.Kv {
  const own = {
    get: (key: Deno.KvKey) => kv.get(key),
    set: (key: Deno.KvKey, value: unknown) => kv.set(key, value),
    list: (selector: Deno.KvListSelector, options?: Deno.KvListOptions) => kv.list(selector, options),
    atomic: () => {
      if (isBroken()) throw new Error("Input/output error");
      return kv.atomic();
    },
    close: () => kv.close(),
  };
  return own as unknown as Deno.Kv;
}
