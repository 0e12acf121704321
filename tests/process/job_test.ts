/** Jobs: processes that do not answer by their standard output, and the heirs of their work. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { ProgramError } from "../../src/errors.ts";
import { Job, type JobOptions } from "../../src/process/job.ts";
import { makeFolder } from "../support/folder.ts";
import { candidates, shell } from "../support/launchers.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { isRunning } from "../support/processes.ts";
import { ChunkSource, latin1 } from "../support/sources.ts";
import { within } from "../support/within.ts";

for (const { title, launcher, groups, reaps } of candidates) {
  const start = (line: string, options: Partial<JobOptions> = {}, input?: Parameters<typeof Job.start>[0]) =>
    Job.start(input, { launcher, argv: shell(line), env: { PATH: Deno.env.get("PATH")! }, ...options });
  const test = (name: string, fn: () => Promise<void>, ignore = false) =>
    Deno.test({ name: `${title}: ${name}`, fn, ignore });

  test("a job's outputs are counted, their ends kept and their lines told", async () => {
    const lines: string[] = [];
    const job = await start("printf 'one\\ntwo\\nthree'; echo four >&2; exit 3", {
      tailBytes: 5,
      onStdoutLine: (line) => lines.push(line),
      onStderrLine: (line) => lines.push(`! ${line}`),
    });
    deepEqual(await job.exit, { code: 3, signal: null });
    await job.drain();
    deepEqual([job.stdoutTail, job.stderrTail], ["three", "four\n"]);
    const result = await job.release({ kill: true });
    deepEqual([result.pid, result.exit.code, result.stdoutBytes, result.stderrBytes], [job.pid, 3, 13, 5]);
    ok(result.durationMs > 0 && Math.abs(result.startedAt - Date.now()) < 20_000);
    equal(result.usage !== undefined, reaps);
    deepEqual(lines.toSorted(), ["! four", "one", "three", "two"]);
  });

  test("a job that writes much to both outputs never waits for a full pipe", async () => {
    const job = await start("head -c 20000000 /dev/zero & head -c 20000000 /dev/zero >&2; wait");
    deepEqual(await within("it ends", job.exit), { code: 0, signal: null });
    await job.drain();
    const { stdoutBytes, stderrBytes } = await job.release({ kill: true });
    equal(stdoutBytes, 20_000_000);
    if (reaps) equal(stderrBytes, 20_000_000);
  });

  test("a job that never stops writing leaves the event loop to others", async () => {
    const job = await start("exec yes");
    const before = performance.now();
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    ok(performance.now() - before < 2000);
    equal((await job.release({ kill: true })).exit.signal, "SIGTERM");
  });

  test("a job is fed from bytes and from a source, and need not read them", async () => {
    const big = new Uint8Array(1_000_000).fill(120);
    for (const input of [latin1("abc"), new ChunkSource([latin1("a"), latin1("bc")])]) {
      const job = await start("cat", {}, input);
      deepEqual(await within("it ends", job.exit), { code: 0, signal: null });
      await job.drain();
      equal(job.stdoutTail, "abc");
      await job.release({ kill: true });
    }
    const unread = new ChunkSource([big, big]);
    const job = await start("exit 0", {}, unread);
    equal((await within("it ends", job.exit)).code, 0);
    await job.release({ kill: true });
    equal(unread.cancelled, true);
  });

  test("a source that breaks is told, and a job that is let go of lets go of its source", async () => {
    const told = Promise.withResolvers<unknown>();
    const error = new Error("broken");
    const broken = { read: () => Promise.reject(error), cancel: () => {} };
    const job = await start("cat", { onInputError: told.resolve }, broken);
    equal(await within("it is told", told.promise), error);
    await within("it is gone", job.release({ kill: true }));
    let cancel = () => {};
    const endless = {
      read: () => new Promise<undefined>((resolve) => cancel = () => resolve(undefined)),
      cancel: () => cancel(),
    };
    const fed = await start("cat; sleep 1000", {}, endless);
    await within("it is gone", fed.release({ kill: true }));
  });

  test("a job that can't be started says why", async () => {
    await rejects(
      start("", { argv: ["/no/such/file"] }),
      (error) => error instanceof ProgramError && error.code === "start",
    );
  });

  test("heirs outlive the leader until the job is released, and are ended then", async () => {
    await using folder = await makeFolder();
    await using lifeline = await makeLifeline(folder);
    const job = await start('exec 9>"$L"; (echo "$$" >&9; exec sleep 1000) & echo heir >&9; exit 0', {
      variables: { L: lifeline.path },
    });
    equal((await job.exit).code, 0);
    await lifeline.line();
    await lifeline.line();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await within("heirs don't hold it up", job.release({ kill: true }));
    await lifeline.gone();
  }, !groups);

  test("a job that is released without haste may run on, its heirs as long as they hold its output", async () => {
    const job = await start("sleep 0.1; (sleep 0.2; echo heir) & echo leader");
    const { exit, stdoutBytes } = await within("it ends", job.release({ kill: false, runOnMs: 10_000 }));
    deepEqual([exit.code, stdoutBytes], [0, "heir\nleader\n".length]);
  });

  test("heirs that hold nothing have the grace to finish", async () => {
    await using folder = await makeFolder();
    const job = await start('(sleep 0.2; echo done >"$OUT") >/dev/null 2>&1 & exit 0', {
      variables: { OUT: folder.file("out") },
    });
    await job.release({ kill: false, runOnMs: 10_000, graceMs: 600 });
    equal(await Deno.readTextFile(folder.file("out")), "done\n");
  });

  test("a job that runs on too long is ended, at the latest when there is haste", async () => {
    const slow = await start("exec sleep 1000");
    equal((await within("its time is up", slow.release({ kill: false, runOnMs: 100 }))).exit.signal, "SIGTERM");
    const hurried = await start("exec sleep 1000");
    const released = hurried.release({ kill: false, graceMs: 100_000 });
    hurried.release({ kill: true });
    equal((await within("it is hurried", released)).exit.signal, "SIGTERM");
    equal(isRunning(hurried.pid), false);
  });
}
