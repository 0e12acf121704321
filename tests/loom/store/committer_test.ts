/** Group commit: what shares one, and that a commit which fails has never been. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { Committer, type Cycle } from "../../../src/loom/store/committer.ts";
import { MemoryStorage } from "../../../src/loom/store/memory_storage.ts";
import type { StoreLimits } from "../../../src/loom/store/retention.ts";
import type { Change } from "../../../src/loom/store/storage.ts";
import { StreamError } from "../../../src/loom/stream_error.ts";
import { StreamTable } from "../../../src/loom/store/stream_table.ts";
import { bytesOf, readText, refused } from "../../support/loom.ts";

/** A storage whose commits fail as long as it is told so. */
class FailingStorage extends MemoryStorage {
  broken = false;

  override async commit(changes: readonly Change[]): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    if (this.broken) throw new StreamError("storage", "The disk failed");
    await super.commit(changes);
  }
}

/** A table over one. */
async function openFailing(bounds?: StoreLimits) {
  const storage = new FailingStorage();
  const clock = { now: 1_000_000 };
  const table = new StreamTable(storage, { limits: bounds, clock: () => clock.now });
  await table.load();
  return { storage, table, clock };
}

Deno.test("what comes while a commit is under way shares the next one", async () => {
  const commits: number[] = [];
  const committer = new Committer(async (changes) => {
    commits.push(changes.length);
    await new Promise((resolve) => setTimeout(resolve));
  }, true);
  const first = [1, 2, 3].map(() => committer.run(1, stageOne));
  await new Promise((resolve) => setImmediate(resolve));
  const second = [1, 2, 3, 4].map(() => committer.run(1, stageOne));
  await Promise.all([...first, ...second]);
  deepEqual(commits, [3, 4]);
});

Deno.test("each is stored by itself when it is to be", async () => {
  const commits: number[] = [];
  const committer = new Committer((changes) => Promise.resolve(void commits.push(changes.length)), false);
  await Promise.all([1, 2, 3].map(() => committer.run(1, stageOne)));
  deepEqual(commits, [1, 1, 1]);
});

Deno.test("a commit takes no more than its bound, but for the last that it takes", async () => {
  const commits: number[] = [];
  const committer = new Committer((changes) => Promise.resolve(void commits.push(changes.length)), true);
  await Promise.all([1, 2, 3, 4, 5].map(() => committer.run(limits.commitBytes / 2 - 1, stageOne)));
  deepEqual(commits, [3, 2]);
});

Deno.test("what changes nothing costs no commit, and a refusal harms no other", async () => {
  let commits = 0;
  const committer = new Committer(() => Promise.resolve(void commits++), true);
  equal(await committer.run(0, () => () => "found"), "found");
  equal(commits, 0);
  const refusing = committer.run(0, () => {
    throw new StreamError("closed", "It has ended");
  });
  const [outcome] = await Promise.all([committer.run(0, stageOne), refused("closed", refusing)]);
  deepEqual([outcome, commits], ["stored", 1]);
});

Deno.test("nobody is answered before what it rests on is stored", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const committer = new Committer(() => promise, true);
  const outcomes: string[] = [];
  const refusing = committer.run<string>(0, () => {
    throw new StreamError("closed", "It has ended");
  });
  const all = [committer.run(0, stageOne), committer.run(0, () => () => "found"), refusing.catch(() => "refused")];
  const told = all.map((one) => one.then((outcome) => void outcomes.push(outcome)));
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve));
  deepEqual(outcomes, []);
  resolve();
  await Promise.all(told);
  deepEqual(outcomes.sort(), ["found", "refused", "stored"]);
});

Deno.test("a committer that is closed finishes what it has, and takes no more", async () => {
  const committer = new Committer(() => new Promise((resolve) => setTimeout(resolve)), true);
  const last = committer.run(0, stageOne);
  const closed = committer.close();
  await refused("stopped", committer.run(0, stageOne));
  await closed;
  equal(await last, "stored");
});

Deno.test("creating and appending that failed have never been, and work when the disk does", async () => {
  const { storage, table } = await openFailing({ totalBytes: 10, streams: 2 });
  const events: string[] = [];
  table.listen(({ kind }) => void events.push(kind), new AbortController().signal);
  await table.create("a");
  storage.broken = true;
  const producer = { id: "p", epoch: 0, sequence: 0 };
  const options = { producer, streamSequence: "5", end: "closed" } as const;
  await Promise.all([
    refused("storage", table.create("b", { bytes: bytesOf("12345") })),
    refused("storage", table.create("fork", { fork: { from: "a" } })),
    refused("storage", table.append("a", bytesOf("12345"), options)),
    refused("storage", table.append("a", bytesOf("6"))), // it was refused for an end that never was
    refused("storage", table.create("a", { contentType: "text/plain" })), // for a stream that others may undo
  ]);
  deepEqual([table.head("a")!.tail, table.head("a")!.end, table.head("b"), table.head("fork")], [
    0,
    undefined,
    undefined,
    undefined,
  ]);
  storage.broken = false;
  const again = await table.append("a", bytesOf("12345"), { ...options, end: undefined });
  deepEqual([again.duplicate, again.tail], [false, 5]);
  equal((await table.create("b", { bytes: bytesOf("12345") })).created, true); // quota and number of streams are as before
  equal(await table.delete("a"), true); // and so are its forks: none
  equal(table.head("a"), undefined);
  deepEqual(events, ["created", "appended", "created", "deleted"]);
  await table.close();
});

Deno.test("deleting, hiding and replacing that failed leave everything as it was", async () => {
  const { storage, table } = await openFailing({ totalBytes: 20 });
  await table.create("a", { bytes: bytesOf("12345") });
  await table.create("parent", { bytes: bytesOf("123") });
  await table.create("fork", { fork: { from: "parent" }, bytes: bytesOf("45") });
  await table.create("lone parent", { bytes: bytesOf("1") });
  await table.create("last fork", { fork: { from: "lone parent" } });
  await table.delete("lone parent");
  storage.broken = true;
  const doing = [
    refused("storage", table.delete("parent")),
    refused("storage", table.delete("last fork")), // would take its parent with it
    refused("storage", table.create("a", { bytes: bytesOf("new"), force: true })),
    refused("storage", table.append("a", bytesOf("newer"))), // to what was never made
  ];
  await Promise.all(doing);
  const { stream: { number } } = await table.create("a");
  equal(number, 1);
  storage.broken = false;
  equal(await readText(table, "a"), "12345");
  equal(await readText(table, "fork"), "12345");
  equal(table.head("parent")!.hidden, false);
  equal(table.head("lone parent")!.hidden, true);
  await table.append("parent", bytesOf("6"));
  await refused("full", table.append("a", new Uint8Array(20 - 12 + 1)));
  await table.append("a", new Uint8Array(20 - 12));
  await table.delete("last fork");
  equal(table.head("lone parent"), undefined);
  await table.delete("parent");
  await table.delete("fork");
  equal(table.head("parent"), undefined);
  await table.close();
});

Deno.test("retention and expiry that failed are tried again", async () => {
  const { storage, table, clock } = await openFailing({ keepBytes: 3, totalBytes: 10, idleMs: 5000 });
  await table.create("a", { bytes: bytesOf("12345") });
  await table.create("b", { ttlSeconds: 1, bytes: bytesOf("12345") });
  clock.now += 1000;
  storage.broken = true;
  await refused("storage", table.expire());
  deepEqual([table.head("a")!.start, table.head("b")], [0, undefined]);
  await refused("full", table.append("a", bytesOf("6")));
  storage.broken = false;
  await Promise.all([table.expire(), table.expire(), table.expire()]);
  equal(table.head("a")!.start, 2);
  await refused("full", table.append("a", new Uint8Array(8))); // exactly what went is free
  await table.append("a", new Uint8Array(7));
  clock.now += 5000;
  storage.broken = true;
  await refused("storage", table.expire());
  equal(table.head("a")!.end, undefined);
  storage.broken = false;
  await table.expire();
  equal(table.head("a")!.end, "aborted");
  await table.close();
});

Deno.test("a reader goes on waiting when what it would have been told of failed", async () => {
  const { storage, table } = await openFailing();
  const { stream } = await table.create("a");
  let told = false;
  const waiting = table.wait("a", stream.number, 0, new AbortController().signal).then((more) => told = more);
  storage.broken = true;
  await refused("storage", table.append("a", bytesOf("x")));
  ok(!told);
  storage.broken = false;
  await table.append("a", bytesOf("y"));
  equal(await waiting, true);
  equal(await readText(table, "a"), "y");
  await table.close();
});

function stageOne(cycle: Cycle): () => string {
  const document = { id: "a", contentType: "", createdAt: 0, base: 0, start: 0, tail: 0, appendedAt: 0, usedAt: 0 };
  cycle.changes.push({ stored: { number: 1, document, producers: new Map() } });
  return () => "stored";
}
