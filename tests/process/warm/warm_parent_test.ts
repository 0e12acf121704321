/** One warm parent: what becomes of runs when it refuses, talks nonsense, stalls or dies. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Child, LaunchSpec } from "../../../src/process/launcher.ts";
import { libc } from "../../../src/process/libc.ts";
import { PosixLauncher } from "../../../src/process/posix_launcher.ts";
import { warmFile } from "../../../src/process/runners.ts";
import { WarmParent, WarmRefusal } from "../../../src/process/warm/warm_parent.ts";
import { makeFolder } from "../../support/folder.ts";
import { complete } from "../../support/launchers.ts";
import { processState } from "../../support/proc.ts";
import { childrenOf, descriptors, isRunning } from "../../support/processes.ts";
import { fromLatin1, readAll } from "../../support/sources.ts";
import { pythonSettings } from "../../support/warm.ts";
import { until, within } from "../../support/within.ts";

const library = libc()!;
const launcher = new PosixLauncher(library);
const PATH = Deno.env.get("PATH")!;
const encoder = new TextEncoder();

/** A parent, and what it has let us know; disposal kills it and waits until all of it has gone. */
interface Started extends AsyncDisposable {
  readonly parent: WarmParent;
  readonly said: string[];
  readonly failures: string[];
  deaths(): number;
}

async function start(argv: LaunchSpec["argv"], env: Record<string, string> = {}): Promise<Started> {
  const [said, failures]: string[][] = [[], []];
  let deaths = 0;
  const parent = await WarmParent.start({
    libc: library,
    launcher,
    argv,
    env: { PATH, ...env },
    cwd: undefined,
    onOutput: (chunk) => void said.push(fromLatin1(chunk)),
    onIdleDeath: () => void deaths++,
    onForkFailure: (why) => void failures.push(why),
  });
  return {
    parent,
    said,
    failures,
    deaths: () => deaths,
    [Symbol.asyncDispose]: async () => {
      parent.kill();
      await within("the parent and its children have gone", parent.gone);
    },
  };
}

/** A parent that is not one: a line of shell. */
function startShell(line: string): Promise<Started> {
  return start(["/bin/sh", "-c", line]);
}

/** Runs whatever code a run's variable holds. */
async function startPython(env: Record<string, string> = {}): Promise<Started> {
  await using folder = await makeFolder({ "script.py": `import os, sys, time\nexec(os.environ["CODE"])\n` });
  const { argv, part } = pythonSettings(folder.file("script.py"));
  const started = await start(argv, { ...env, SLUICE_WARM: warmFile(part) });
  await within(() => `it is ready: ${started.said}`, started.parent.ready);
  return started;
}

const run = (code: string, more: Partial<LaunchSpec> = {}) =>
  complete({ argv: ["/nonexistent"], variables: { CODE: code }, ...more });

/** What a run that was begun has answered, without its head. */
async function bodyOf(child: Child | undefined): Promise<string> {
  const text = fromLatin1(await within("the answer ends", readAll(child!.stdout)));
  await within("the run ends", child!.exit);
  await within("it lets go", child!.close());
  return text.slice(text.indexOf("\r\n\r\n") + 4);
}

/** Every one of these is woken by a byte of standard input. */
const WAITS = "sys.stdin.read(); print('over')";

async function awaken(child: Child): Promise<void> {
  await child.stdin!.write(encoder.encode("x"));
  child.stdin!.close();
}

function signal(pid: number, name: Deno.Signal): void {
  Deno.kill(pid, name);
}

/** Keeps us from hearing anything for a while. */
function sleepDeaf(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

// How it begins

Deno.test("a parent is ready when it says so, and ends when it is closed", async () => {
  const before = descriptors(Deno.pid).length;
  const { parent } = await startShell("echo ready >&4; cat <&5");
  await parent.ready;
  ok(isRunning(parent.pid));
  parent.close();
  parent.close();
  await within("it ends", parent.ended);
  await within("it has gone", parent.gone);
  equal(isRunning(parent.pid), false);
  await until("the descriptors are closed", () => descriptors(Deno.pid).length <= before);
});

Deno.test("a parent that refuses is a refusal with its reason", async () => {
  await using started = await startShell("echo refused an import starts threads: start them later >&4");
  await rejects(started.parent.ready, (error) => {
    ok(error instanceof WarmRefusal);
    equal(error.message, "an import starts threads: start them later");
    return true;
  });
});

Deno.test("a parent that ends before it is ready failed, in a way that is told", async () => {
  for (
    const [line, how] of [["exit 0", /exit code 0/], ["exit 3", /exit code 3/], ["kill -9 $$", /SIGKILL/]] as const
  ) {
    await using started = await startShell(line);
    await rejects(started.parent.ready, (error) => !(error instanceof WarmRefusal) && how.test(String(error)));
  }
});

Deno.test("a parent that reports what can't be read is ended", async () => {
  const lines = ["echo hello >&4", "echo took 1 1 >&4", "head -c 100000 /dev/zero >&4", "echo took 99999999 7 >&4"];
  for (const line of lines) {
    await using started = await startShell(`${line}; exec sleep 1000`);
    await rejects(within("it is given up", started.parent.ready), /report|Cannot begin/, line);
    await within("it is ended", started.parent.gone);
  }
});

Deno.test("a run under way keeps what it says when its parent talks nonsense", async () => {
  await using started = await startPython();
  started.parent.resize(2);
  const child = await started.parent.launch(run(`${WAITS}; sys.exit(0)`, { stdin: "pipe" }));
  const mad = await started.parent.launch(run("os.write(104, b'nonsense\\n')"));
  await within("the parent is ended", started.parent.ended);
  await awaken(child!);
  deepEqual(await within("the run ends", child!.exit), { code: 0, signal: null });
  equal(await bodyOf(child), "over\n");
  equal(await bodyOf(mad), "");
});

Deno.test("what a parent writes, and that it can't fork, is passed on", async () => {
  await using started = await startShell("echo out; echo err >&2; echo failed no more >&4; echo ready >&4; cat <&5");
  await started.parent.ready;
  deepEqual(started.failures, ["no more"]);
  await until("its words are here", () => started.said.join("").length === 8);
  deepEqual(started.said.join("").split("\n").sort(), ["", "err", "out"]);
});

Deno.test("closing a parent that loads without end ends it at once", async () => {
  await using started = await startShell("exec sleep 1000");
  started.parent.close();
  await rejects(started.parent.ready, /SIGKILL/);
  await within("it has gone", started.parent.gone, 1000);
});

// Its children

Deno.test("there are as many children as were asked for, more and fewer", async () => {
  await using started = await startPython();
  const { parent } = started;
  equal(childrenOf(parent.pid).length, 0);
  for (const target of [2, 7, 3, 0, 1]) {
    parent.resize(target);
    await until(`${target} children`, () => childrenOf(parent.pid).length === target);
  }
  equal(started.deaths(), 0);
});

Deno.test("children that run are counted, and not ended to make fewer", async () => {
  await using started = await startPython();
  const { parent } = started;
  parent.resize(4);
  const children = await Promise.all([1, 2, 3].map(() => parent.launch(run(WAITS, { stdin: "pipe" }))));
  parent.resize(1);
  const pids = children.map((child) => child!.pid).sort();
  await until("those that waited have gone", () => childrenOf(parent.pid).length === 3);
  deepEqual(childrenOf(parent.pid).sort(), pids);
  for (const child of children) await awaken(child!);
  for (const child of children) equal(await bodyOf(child), "over\n");
  await until("one child waits", () => childrenOf(parent.pid).length === 1);
});

Deno.test("a child that dies while it waits is told of, and replaced", async () => {
  await using started = await startPython();
  const { parent } = started;
  parent.resize(3);
  await until("three wait", () => childrenOf(parent.pid).length === 3);
  const victims = childrenOf(parent.pid);
  for (const victim of victims) signal(victim, "SIGKILL");
  await until("their deaths are told", () => started.deaths() === 3);
  await until("three others wait", () => childrenOf(parent.pid).filter((pid) => !victims.includes(pid)).length === 3);
  equal(await bodyOf(await parent.launch(run("print('served')"))), "served\n");
});

Deno.test("a process that is reused serves so many runs, and each of them ends by itself", async () => {
  await using started = await startPython({ SLUICE_REUSE: "3" });
  const { parent } = started;
  parent.resize(1);
  const pids: string[] = [];
  for (let i = 0; i < 7; i++) pids.push(await bodyOf(await parent.launch(run("print(os.getpid())"))));
  deepEqual(pids.map((pid) => pids.indexOf(pid)), [0, 0, 0, 3, 3, 3, 6]);
  const failed = await parent.launch(run("sys.exit(5)"));
  deepEqual((await failed!.exit).code, 5);
  ok((await failed!.close())!.maxRssBytes > 0, "a process that has ended tells what it used");
  equal(started.deaths(), 0);
});

Deno.test("a signal to a run that is over does not reach the process that goes on", async () => {
  await using started = await startPython({ SLUICE_REUSE: "100" });
  started.parent.resize(1);
  const first = await started.parent.launch(run("print('one')"));
  await first!.exit;
  first!.signal("SIGKILL");
  const second = await started.parent.launch(run("print('two')"));
  equal(second!.pid, first!.pid);
  equal(await bodyOf(second), "two\n");
  equal(await bodyOf(first), "one\n");
});

// What it is not given

Deno.test("runs that are too large, or that no process can be given, are left to others", async () => {
  await using started = await startPython();
  started.parent.resize(1);
  const before = descriptors(Deno.pid).length;
  const bytes = encoder.encode("x".repeat(1e6));
  equal(await started.parent.launch(run("", { variables: { BIG: "x".repeat(65_536) }, stdin: bytes })), undefined);
  equal(await started.parent.launch(run("", { variables: { A: "1\0CODE=print('injected')" } })), undefined);
  equal(descriptors(Deno.pid).length, before);
});

Deno.test("runs for which the socket has no room wait their turn", async () => {
  await using started = await startPython();
  const { parent } = started;
  parent.resize(2);
  const filler = "x".repeat(60_000);
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  const bodies = await Promise.all(numbers.map(async (i) => {
    const variables = { CODE: "print(os.environ['N'], len(os.environ['FILLER']))", N: String(i), FILLER: filler };
    return await bodyOf(await parent.launch(run("", { variables })));
  }));
  deepEqual(bodies, numbers.map((i) => `${i} 60000\n`));
});

Deno.test("runs that found no room are given back when the parent is closed", async () => {
  await using started = await startShell("echo ready >&4; exec sleep 1000");
  await started.parent.ready;
  const variables = { FILLER: "x".repeat(60_000) };
  const outcomes = Array.from({ length: 20 }, () => started.parent.launch(run("", { variables })));
  started.parent.close();
  // Those that were sent might be begun yet: they are given back when nobody is left who could.
  started.parent.kill();
  deepEqual(new Set(await within("all are given back", Promise.all(outcomes))), new Set([undefined]));
});

Deno.test("a parent of which nothing comes is counted as stalled, one that only has nothing to do is not", async () => {
  await using idle = await startPython();
  await using stuck = await startShell("echo ready >&4; exec sleep 1000");
  await stuck.parent.ready;
  const outcome = stuck.parent.launch(run(""));
  deepEqual([1, 2, 3].map(() => [idle.parent.countStalls(), stuck.parent.countStalls()]), [[0, 1], [0, 2], [0, 3]]);
  idle.parent.resize(1);
  equal(await bodyOf(await idle.parent.launch(run("print('yes')"))), "yes\n");
  deepEqual([1, 2].map(() => idle.parent.countStalls()), [0, 0]);
  stuck.parent.kill();
  equal(await outcome, undefined);
});

// How it ends

Deno.test("what was sent before a parent is closed is begun, though children had to be forked for it", async () => {
  await using started = await startPython();
  const { parent } = started;
  parent.resize(2);
  const long = await parent.launch(run(WAITS, { stdin: "pipe" }));
  await until("a second waits", () => childrenOf(parent.pid).length === 2);
  signal(parent.pid, "SIGSTOP");
  const [spare] = childrenOf(parent.pid).filter((pid) => pid !== long!.pid);
  signal(spare, "SIGKILL");
  // Until it is dead it may take a run with it, which is given back only when the parent has ended.
  await until("the spare is dead", () => processState(spare) === "Z");
  const queued = parent.launch(run("print('begun')"));
  parent.close();
  equal(await parent.launch(run("print('refused')")), undefined);
  signal(parent.pid, "SIGCONT");
  equal(await bodyOf(await within("the run is begun while the other goes on", queued)), "begun\n");
  await awaken(long!);
  equal(await bodyOf(long), "over\n");
  await within("the parent has gone", parent.gone);
});

Deno.test("what was sent to a parent that is closed and does nothing more is given back", async () => {
  await using started = await startShell("echo ready >&4; exec sleep 1000");
  await started.parent.ready;
  const queued = started.parent.launch(run(""));
  started.parent.close();
  equal(await within("it is given back", queued), undefined);
});

Deno.test("runs that no child has begun when the parent dies are given back, and nothing is left of them", async () => {
  const before = descriptors(Deno.pid).length;
  const { parent } = await startShell("echo ready >&4; exec sleep 1000");
  await parent.ready;
  const stdin = encoder.encode("x".repeat(1e6));
  const runs = [run(""), run("", { stdin: "pipe" }), run("", { stdin })].map((spec) => parent.launch(spec));
  signal(parent.pid, "SIGKILL");
  deepEqual(await within("they are given back", Promise.all(runs)), [undefined, undefined, undefined]);
  await within("the parent has gone", parent.gone);
  await until("the descriptors are closed", () => descriptors(Deno.pid).length <= before);
});

Deno.test("a run that is begun behind the parent's death, and heard of late, keeps every byte of its answer", async () => {
  await using started = await startPython();
  const { parent } = started;
  parent.resize(1);
  await until("one waits", () => childrenOf(parent.pid).length === 1);
  const [spare] = childrenOf(parent.pid);
  signal(spare, "SIGSTOP");
  const launched = parent.launch(
    run("print('first', flush=True); sys.stdin.read(); print('last')", { stdin: "pipe" }),
  );
  signal(parent.pid, "SIGKILL");
  await within("the parent is dead", parent.ended);
  signal(spare, "SIGCONT");
  sleepDeaf(150); // its report, its first line and our look for orphans come at the same time
  const child = await within("the run is begun", launched);
  await awaken(child!);
  equal(await bodyOf(child), "first\nlast\n");
});

Deno.test("runs under way outlive their parent; how they end is known if they say so themselves", async () => {
  await using started = await startPython();
  const { parent } = started;
  parent.resize(4);
  const codes = [
    WAITS,
    "sys.stdin.read(); sys.exit(3)",
    "sys.stdin.read(); os._exit(0)",
    "sys.stdin.read(); os.kill(os.getpid(), 9)",
  ];
  const children = await Promise.all(codes.map((code) => parent.launch(run(code, { stdin: "pipe" }))));
  signal(parent.pid, "SIGKILL");
  await within("the parent is dead", parent.ended);
  for (const child of children) await awaken(child!);
  const exits = await within("all end", Promise.all(children.map((child) => child!.exit)));
  // A process that ends without a word and without a parent may have failed: that must not pass for success.
  deepEqual(exits.map(({ code }) => code), [0, 3, null, null]);
  for (const child of children) equal(await child!.close(), undefined);
  await within("all have gone", parent.gone);
  deepEqual(children.map((child) => isRunning(child!.pid)), [false, false, false, false]);
});
