/** Records of processes, with a clock of the test's own. */

import { deepEqual, equal } from "node:assert/strict";
import { program } from "../../mod.ts";
import { libc } from "../../src/process/libc.ts";
import { type ProcessEnd, ProcessRecords } from "../../src/process/process_records.ts";

// It stays open as long as the process lives: opened here, no test is taken to have leaked it.
libc();

const start = (requestId: string, pid: number) => ({ requestId, pid, title: "cat", startedAt: 1000 + pid });
const end = (requestId: string, pid: number, more: Partial<ProcessEnd> = {}): ProcessEnd => ({
  ...{ requestId, pid, startedAt: 1000 + pid, durationMs: 5, code: 0, signal: null },
  ...{ usage: undefined, stdoutBytes: 3, stderrBytes: 0, error: undefined },
  ...more,
});

function records(endedMax = 10) {
  let nowMs = 0;
  const kept = new ProcessRecords({ keptMs: 100, endedMax, clock: () => nowMs });
  return { kept, pass: (ms: number) => void (nowMs += ms) };
}

Deno.test("ProcessRecords knows a process while it runs, and for a while after", () => {
  const { kept, pass } = records();
  kept.started(start("a", 7));
  pass(1_000_000);
  deepEqual([kept.find("a")[0].pid, kept.find("a")[0].endedAt], [7, undefined]);
  kept.ended(end("a", 7, { error: new Error("why"), stderrTail: "x".repeat(5000) }));
  const [record, ...others] = kept.find("a");
  deepEqual([record.title, record.startedAt, record.endedAt, record.error, others.length], [
    "cat",
    1007,
    1012,
    "why",
    0,
  ]);
  deepEqual([record.exit, record.stderrTail?.length], [{ code: 0, signal: null }, 1024]);
  pass(99);
  equal(kept.find("a").length, 1);
  pass(1);
  deepEqual(kept.find("a"), []);
  deepEqual(kept.find("never"), []);
});

Deno.test("ProcessRecords has all processes of one request, which end in any order", () => {
  const { kept, pass } = records();
  for (const pid of [1, 2, 3]) kept.started(start("a", pid));
  kept.ended(end("a", 2));
  pass(50);
  kept.ended(end("a", 1));
  deepEqual(kept.find("a").map(({ pid, endedAt }) => [pid, endedAt]), [[1, 1006], [2, 1007], [3, undefined]]);
  pass(50);
  deepEqual(kept.find("a").map(({ pid }) => pid), [1, 3]);
});

Deno.test("ProcessRecords forgets the oldest that have ended when there are too many, and none that runs", () => {
  const { kept } = records(3);
  for (let pid = 1; pid <= 5; pid++) kept.started(start(String(pid), pid));
  for (let pid = 1; pid <= 4; pid++) kept.ended(end(String(pid), pid));
  deepEqual([1, 2, 3, 4, 5].map((pid) => kept.find(String(pid)).length), [0, 1, 1, 1, 1]);
});

Deno.test("ProcessRecords takes an end whose start it was not told, and keeps nothing for no time", () => {
  const { kept } = records();
  kept.ended(end("a", 7, { title: "job" }));
  equal(kept.find("a")[0].title, "job");
  const none = new ProcessRecords({ keptMs: 0, clock: () => 5 });
  none.started(start("a", 7));
  none.ended(end("a", 7));
  deepEqual(none.find("a"), []);
});

Deno.test("ProcessRecords takes what a program tells", async () => {
  const kept = new ProcessRecords({ keptMs: 60_000 });
  await using cat = program({
    command: ["cat"],
    onStart: (report) => kept.started(report),
    onExit: (report) => kept.ended(report),
  });
  await (await cat(new Request("http://localhost/", { method: "POST", body: "hey", headers: { "x-request-id": "a" } })))
    .text();
  await cat[Symbol.asyncDispose]();
  const [record] = kept.find("a");
  deepEqual([record.title, record.exit?.code, record.stdoutBytes, kept.find("a").length], ["cat", 0, 3, 1]);
});
