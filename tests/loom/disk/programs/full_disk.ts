/** What a store does on a small disk that gets full. Arguments: a scenario, and the directory where the disk lies. */

import { equal, match, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import type { Log } from "../../../../src/log.ts";
import { openLoom } from "../../../../src/loom/open_loom.ts";
import type { StreamStore } from "../../../../src/loom/stream_store.ts";
import { copyStore, digest, readAll, rotations } from "../../../support/loom_faults.ts";
import { makeFolder } from "../../../support/folder.ts";
import { until } from "../../../support/within.ts";

const MiB = 1024 * 1024;

interface Scenario {
  /** Size of the disk. */
  readonly bytes: number;
  run(disk: SmallDisk, dir: string): Promise<void>;
}

/** What happens, by what is expected of it. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  "a full disk refuses appends, shows nothing of them, and goes on when a stream is deleted": {
    bytes: 32 * MiB,
    run: async (disk, dir) => {
      await using folder = await makeFolder();
      {
        await using loom = await openLoom({ dir });
        await loom.create("small", { bytes: bytesOf("s", 100) });
        await loom.create("large", { bytes: bytesOf("l", 8 * MiB) });
        await disk.fill(2 * MiB);
        for (const id of ["small", "large"]) await rejects(loom.append(id, bytesOf("n", 4 * MiB)), full);
        await rejects(loom.create("new", { bytes: bytesOf("n", 4 * MiB) }), full);
        equal(loom.head("new"), undefined);
        equal(loom.head("small")!.tail, 100);
        equal(digest(await readAll(loom, "large")), digestOf(["l", 8 * MiB]));
        // What failed took nothing for good: half of it finds room.
        await loom.append("small", bytesOf("t", MiB));
        await rejects(async () => {
          for (;;) await loom.append("small", bytesOf("u", 50_000));
        }, full);
        const tail = loom.head("small")!.tail;
        await copyStore(dir, folder.file("copy"));
        equal(await loom.delete("large"), true);
        await thereIsRoom(() => loom.append("small", bytesOf("v", 4 * MiB)));
        equal(
          digest(await readAll(loom, "small")),
          digestOf(["s", 100], ["t", MiB], ["u", tail - MiB - 100], ["v", 4 * MiB]),
        );
      }
      {
        await using crashed = await openLoom({ dir: folder.file("copy") });
        equal(digest(await readAll(crashed, "large")), digestOf(["l", 8 * MiB]));
        match((await readAll(crashed, "small")).subarray(100).toString("latin1"), /^t+u+$/);
        equal(crashed.head("new"), undefined);
      }
      await using again = await openLoom({ dir });
      match((await readAll(again, "small")).subarray(100).toString("latin1"), /^t+u+v+$/);
      equal(again.head("large"), undefined);
    },
  },
  "on a disk without any room a stream can still be deleted": {
    bytes: 16 * MiB,
    run: async (disk, dir) => {
      await using loom = await openLoom({ dir });
      await loom.create("large", { bytes: bytesOf("l", 4 * MiB) });
      await loom.create("s");
      await disk.fill(0);
      await rejects(async () => {
        for (let i = 0; i < 100_000; i++) await loom.append("s", bytesOf("x", 100));
      }, full);
      await rejects(loom.append("s", bytesOf("x", 1000)), full);
      equal(await loom.delete("large"), true);
      await thereIsRoom(() => loom.append("s", bytesOf("y", 2 * MiB)));
    },
  },
  "a store that ended on a full disk is opened on it again, and has what it had, and makes room": {
    bytes: 32 * MiB,
    run: async (disk, dir) => {
      const fill = async (loom: StreamStore) => {
        await disk.fill(0);
        await rejects(async () => {
          for (;;) await loom.append("small", bytesOf("s", 1000));
        }, full);
        return loom.head("small")!.tail;
      };
      let tail = 0;
      {
        await using loom = await openLoom({ dir });
        await loom.create("large", { bytes: bytesOf("l", 8 * MiB) });
        await loom.create("small");
        await loom.append("small", bytesOf("s", 100_000));
        tail = await fill(loom);
      }
      for (let round = 0; round < 3; round++) {
        await using loom = await openLoom({ dir });
        equal(digest(await readAll(loom, "small")), digestOf(["s", tail]), `round ${round}`);
        equal(digest(await readAll(loom, "large")), digestOf(["l", 8 * MiB]), `round ${round}`);
        tail = await fill(loom);
      }
      {
        await using loom = await openLoom({ dir });
        equal(await loom.delete("large"), true);
        const more = bytesOf("s", MiB);
        await thereIsRoom(() => loom.append("small", more));
      }
      await using loom = await openLoom({ dir });
      equal(digest(await readAll(loom, "small")), digestOf(["s", tail + MiB]));
      equal(loom.head("large"), undefined);
    },
  },
  "a store that was closed well is opened on a full disk": {
    bytes: 16 * MiB,
    run: async (disk, dir) => {
      {
        await using loom = await openLoom({ dir });
        await loom.create("large", { bytes: bytesOf("l", 4 * MiB) });
      }
      await disk.fill(40_000); // Deno.Kv needs 32 KiB of it to open at all
      await using loom = await openLoom({ dir });
      equal(digest(await readAll(loom, "large")), digestOf(["l", 4 * MiB]));
      equal(await loom.delete("large"), true);
      await thereIsRoom(() => loom.create("new", { bytes: bytesOf("n", MiB) }));
    },
  },
  "a checkpoint that finds the disk full is tried again when there is room": {
    bytes: 48 * MiB,
    run: async (disk, dir) => {
      await using folder = await makeFolder();
      const said: string[] = [];
      const log: Log = (_level, message) => said.push(message);
      const producer = (i: number) => ({ id: `p${i}`, epoch: 0, sequence: 0 });
      let tail = 0;
      {
        await using loom = await openLoom({ dir, log });
        const append = async () => {
          await loom.append("s", bytesOf("x", 200_000));
          tail += 200_000;
        };
        await loom.create("s");
        await loom.create("p");
        for (let i = 0; i < 20; i++) await loom.append("p", bytesOf("p", 1), { producer: producer(i) });
        while (tail < 15 * MiB) await append();
        await disk.fill(8 * MiB); // the journal has room for some more, a checkpoint of all of it has none
        await rejects(async () => {
          for (;;) await append();
        }, full);
        ok(said.includes("the journal could not be worked off; it is tried again"), String(said));
        equal(digest(await readAll(loom, "s")), digestOf(["x", tail]));
        await copyStore(dir, folder.file("copy"));
        const before = await rotations(dir);
        await disk.empty();
        await until("a checkpoint has succeeded", async () => {
          await append();
          return await rotations(dir) > before;
        });
        await copyStore(dir, folder.file("later"));
      }
      for (const [name, least] of [["copy", 15 * MiB], ["later", tail]] as const) {
        await using loom = await openLoom({ dir: folder.file(name) });
        ok(loom.head("s")!.tail >= least, name);
        equal(digest(await readAll(loom, "s")), digestOf(["x", loom.head("s")!.tail]));
        for (let i = 0; i < 20; i++) {
          equal((await loom.append("p", bytesOf("p", 1), { producer: producer(i) })).duplicate, true, `${name} ${i}`);
        }
      }
    },
  },
};

/** The disk, filled with ballast. */
class SmallDisk {
  readonly #ballast: string;

  constructor(folder: string) {
    this.#ballast = join(folder, "ballast");
  }

  /** Takes all room but so many bytes. */
  async fill(freeBytes: number): Promise<void> {
    using file = await Deno.open(this.#ballast, { create: true, append: true });
    const chunk = new Uint8Array(64 * 1024);
    await rejects(async () => {
      for (;;) await file.write(chunk);
    }, { code: "ENOSPC" });
    await file.truncate((await file.stat()).size - freeBytes);
  }

  /** Gives the room back. */
  empty(): Promise<void> {
    return Deno.remove(this.#ballast);
  }
}

const full = { code: "full" };

/** Tries until it is stored: files are let go of behind a deletion. */
function thereIsRoom(store: () => Promise<unknown>): Promise<void> {
  return until("there is room", () => store().then(() => true, () => false));
}

function bytesOf(char: string, times: number): Uint8Array {
  return new TextEncoder().encode(char.repeat(times));
}

function digestOf(...parts: readonly (readonly [string, number])[]): string {
  return digest(new TextEncoder().encode(parts.map(([part, times]) => part.repeat(times)).join("")));
}

if (import.meta.main) {
  const [name, folder] = Deno.args;
  await scenarios[name].run(new SmallDisk(folder), join(folder, "loom"));
}
