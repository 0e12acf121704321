/**
 * Starts a program and waits for its end, again and again, by one of our launchers, in isolates as `sluice serve` has.
 * Usage: start_loop.ts LAUNCHER ISOLATES PARALLEL SECONDS MEMORY_MIB PROGRAM, where PARALLEL is how many loops run in all
 * isolates together and MEMORY_MIB what the process holds besides. Prints {"count", "seconds", "p50Ns", "p99Ns"}.
 */

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { CommandLauncher } from "../../src/process/command_launcher.ts";
import type { Launcher } from "../../src/process/launcher.ts";
import { defaultLauncher } from "../../src/process/launchers.ts";

/** What an isolate is to do. */
interface Task {
  launcher: string;
  loops: number;
  ms: number;
  program: string;
}

/** What it has done. */
interface Done {
  elapsedMs: number;
  samplesMs: number[];
}

const LAUNCHERS: Readonly<Record<string, () => Launcher>> = {
  command: () => new CommandLauncher(),
  posix_spawn: defaultLauncher,
};
/** Not counted: code is compiled by then. */
const WARM_UP_MS = 300;

async function main([launcher, isolates, parallel, seconds, memoryMiB, program]: string[]): Promise<void> {
  const task: Task = {
    launcher,
    loops: Math.ceil(Number(parallel) / Number(isolates)),
    ms: Number(seconds) * 1e3,
    program,
  };
  const memory = new Uint8Array(Number(memoryMiB) * 2 ** 20).fill(1);
  const done = await Promise.all(Array.from({ length: Number(isolates) }, () => inIsolate(task)));
  memory.fill(0); // held until here
  const samplesNs = done.flatMap(({ samplesMs }) => samplesMs.map((ms) => Math.round(ms * 1e6))).sort((a, b) => a - b);
  console.log(JSON.stringify({
    count: samplesNs.length,
    seconds: Math.max(...done.map(({ elapsedMs }) => elapsedMs)) / 1e3,
    p50Ns: samplesNs[Math.floor(samplesNs.length * 0.5)],
    p99Ns: samplesNs[Math.floor(samplesNs.length * 0.99)],
  }));
}

function inIsolate(workerData: Task): Promise<Done> {
  const worker = new Worker(new URL(import.meta.url), { workerData });
  return new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
}

async function measure({ launcher: name, loops, ms, program }: Task): Promise<Done> {
  const launcher = LAUNCHERS[name]();
  await runLoops(launcher, { loops, ms: WARM_UP_MS, program });
  const start = performance.now();
  const samplesMs = await runLoops(launcher, { loops, ms, program });
  return { elapsedMs: performance.now() - start, samplesMs };
}

async function runLoops(launcher: Launcher, { loops, ms, program }: Omit<Task, "launcher">): Promise<number[]> {
  const samplesMs: number[] = [];
  const deadline = performance.now() + ms;
  await Promise.all(Array.from({ length: loops }, async () => {
    for (let start = performance.now(); start < deadline;) {
      await runOnce(launcher, program);
      const end = performance.now();
      samplesMs.push(end - start);
      start = end;
    }
  }));
  return samplesMs;
}

async function runOnce(launcher: Launcher, program: string): Promise<void> {
  const env = { QUERY_STRING: "name=Ada", REQUEST_METHOD: "GET" };
  const child = await launcher.launch({ argv: [program], env, stdin: "null", onStderr: () => {} });
  while (await child.stdout.read() !== undefined);
  const { code } = await child.exit;
  await child.close();
  if (code !== 0) throw new Error(`Cannot measure ${program}: its exit code is ${code}`);
}

if (isMainThread) await main(Deno.args);
else parentPort!.postMessage(await measure(workerData));
