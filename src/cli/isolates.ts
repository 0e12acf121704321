/**
 * Servers run in isolates of their own: with a small young generation, because bodies are buffers outside the heap that V8
 * frees only when it collects there (half the memory at the same throughput), and several on one port where one is too few.
 */

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { ignoresHangup } from "./hangup.ts";

/** Young generation of a server's isolate, MiB: 130 MB are resident while bodies stream, 200 MB at V8's own choice. */
const YOUNG_GENERATION_MIB = 3;
/** That of a server of many small answers, which a collection after each megabyte would slow down by a sixth. */
export const LARGER_YOUNG_GENERATION_MIB = 12;

/** What an isolate is told. */
interface Assignment {
  /** Port that the first isolate got; undefined for the first. */
  readonly port?: number;
  /** Whether others listen on the same port. */
  readonly shared: boolean;
  /** The process is to outlive its terminal. */
  readonly ignoresHangup: boolean;
}

/** The assignment of this isolate; undefined in the main one, which serves nothing itself. */
export function assignment(): Assignment | undefined {
  return isMainThread ? undefined : workerData as Assignment;
}

/** Calls back when the main isolate says that the others have stopped: one that was starting may have missed the signal. */
export function onOthersStopped(callback: () => void): void {
  parentPort?.once("message", callback);
}

/** Tells the main isolate that this one accepts connections. */
export function reportListening(port: number): void {
  parentPort?.postMessage({ port });
}

/**
 * Runs the command line again in isolates of their own, and waits for their end. The first one chooses the port.
 *
 * @param count how many
 * @param youngGenerationMib of each
 * @returns the highest exit code
 */
export async function runInIsolates(count: number, youngGenerationMib = YOUNG_GENERATION_MIB): Promise<number> {
  const everyone = { shared: count > 1, ignoresHangup: ignoresHangup() };
  const start = (port?: number) => startIsolate({ ...everyone, port }, youngGenerationMib);
  const first = start();
  const end = ended(first);
  const port = await Promise.race([listening(first), end.then(() => undefined)]);
  const others = port === undefined ? [] : Array.from({ length: count - 1 }, () => start(port));
  const otherEnds = others.map(ended);
  const code = await end;
  for (const other of others) other.postMessage("stopped");
  return Math.max(code, ...await Promise.all(otherEnds));
}

function startIsolate(workerData: Assignment, youngGenerationMib: number): Worker {
  // The main module again, and not a file of its own, so that a bundle needs nothing beside itself.
  return new Worker(new URL(Deno.mainModule), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMib },
  });
}

function listening(worker: Worker): Promise<number> {
  return new Promise((resolve) => worker.once("message", ({ port }: { port: number }) => resolve(port)));
}

function ended(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once("exit", resolve);
    worker.once("error", reject);
  });
}
