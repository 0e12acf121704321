/** What is measured of registries, one thing at a time, each with a hub of its own. */

import type { Load, LoadOptions } from "./load.ts";
import { residentBytes } from "./processes.ts";
import { Job } from "./registry_job.ts";
import type { HubMode, RegistryRival } from "./rivals/registries.ts";
import type { BenchOptions } from "./serve.ts";
import { median } from "./table.ts";

export const ROWS = 10_000;
/** Services that a question finds. */
export const MATCHES = 10;
export const CLIENTS = 4;
export const CONNECTIONS = 32;
export const WATCHERS = 1000;
/** As many processes have the watchers. */
const WATCHING_PROCESSES = 2;
const PROBE_EVERY_MS = 200;
/** Services of the process that is killed. */
export const ROWS_KILLED = 10;
/** A client may have as many as this. */
const ROWS_OF_CLIENT = 10_000;
/** How long memory is left to settle; the least that is seen counts. */
const SETTLE_MS = 2000;
const LOOK_MS = 200;

/** A hub with many services. */
export interface Filled {
  /** Questions over HTTP. */
  readonly http?: Load;
  /** Questions that a client answers from what it has with it. */
  readonly localPerSecond?: number;
  /** Clients that came and had all services, one after the other. */
  readonly syncsPerSecond: number;
}

/** From the call of a change to watchers. */
export interface Delay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** Memory of a hub. */
export interface Memory {
  readonly emptyBytes: number;
  readonly rows: number;
  readonly rowBytes: number;
}

/** Registers services from several clients, as fast as they are acknowledged. */
export async function measureRegistering(rival: RegistryRival, options: BenchOptions, mode?: HubMode): Promise<number> {
  await using server = await rival.start(options, mode);
  if (rival.fill) return (await rival.fill(server.url, loadOf(options))).requestsPerSecond;
  const key = mode?.key ? [mode.key] : [];
  await using job = new Job(rival, server.url, ["register", ROWS, CLIENTS, ...key], options.signal);
  return perSecond(ROWS, (await job.said<{ ms: number }>()).ms);
}

/** Fills a hub, asks it, and lets clients come. */
export async function measureFilled(rival: RegistryRival, options: BenchOptions): Promise<Filled> {
  const { signal } = options;
  await using server = await rival.start(options);
  await using filling = new Job(rival, server.url, ["register", ROWS, CLIENTS], signal);
  await filling.said();
  const http = await rival.ask?.(server.url, loadOf(options));
  const rounds = 20;
  await using syncing = new Job(rival, server.url, ["sync", rounds], signal);
  const { ms, found } = await syncing.said<{ ms: number; found: number }>();
  if (found !== MATCHES) throw new Error(`A client finds ${found} services of ${MATCHES}`);
  const filled = { http, syncsPerSecond: perSecond(rounds, ms) };
  if (!rival.hasLocalCopy) return filled;
  await using asking = new Job(rival, server.url, ["query"], signal);
  return { ...filled, localPerSecond: (await asking.said<{ perSecond: number }>()).perSecond };
}

/** Registers services one at a time while many clients watch. */
export async function measureSeeing(rival: RegistryRival, { quick, ...options }: BenchOptions): Promise<Delay> {
  const { signal } = options;
  const probes = quick ? 5 : 20;
  const each = WATCHERS / WATCHING_PROCESSES;
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await rival.start(options));
  const watching = Array.from(
    { length: WATCHING_PROCESSES },
    () => stack.use(new Job(rival, url, ["watch", each, each * probes], signal)),
  );
  await Promise.all(watching.map((job) => job.said()));
  const probing = stack.use(new Job(rival, url, ["probe", probes, PROBE_EVERY_MS], signal));
  const { called } = await probing.said<{ called: Record<string, number> }>();
  const told = await Promise.all(watching.map((job) => job.said<{ seen: Record<string, number[]> }>()));
  const delays = told.flatMap(({ seen }) =>
    Object.entries(seen).flatMap(([id, times]) => times.map((time) => time - called[id]))
  ).sort((a, b) => a - b);
  if (delays.length !== probes * WATCHERS) throw new Error(`${delays.length} of ${probes * WATCHERS} were seen`);
  const at = (part: number): number => delays[Math.floor((delays.length - 1) * part)];
  return { p50Ms: at(0.5), p99Ms: at(0.99), longestMs: at(1) };
}

/** Compares the memory of a hub with and without services. */
export async function measureMemory(rival: RegistryRival, options: BenchOptions): Promise<Memory> {
  const { signal } = options;
  const rows = options.quick ? ROWS : rival.rowsForMemory;
  await using server = await rival.start(options);
  const emptyBytes = await settledBytes(server.pids);
  await using job = new Job(rival, server.url, ["register", rows, Math.ceil(rows / ROWS_OF_CLIENT)], signal);
  await job.said();
  return { emptyBytes, rows, rowBytes: (await settledBytes(server.pids) - emptyBytes) / rows };
}

/** Kills a process that has registered services: how long a watcher has the last of them. Several times, the median. */
export async function measureKilling(rival: RegistryRival, { quick, ...options }: BenchOptions): Promise<number> {
  const { signal } = options;
  const times: number[] = [];
  await using server = await rival.start(options);
  for (let i = 0; i < (quick ? 1 : 3); i++) {
    await using watching = new Job(rival, server.url, ["watch", 1, 2 * ROWS_KILLED], signal);
    await watching.said();
    await using job = new Job(rival, server.url, ["register", ROWS_KILLED, 1], signal);
    await job.said();
    const killed = performance.timeOrigin + performance.now();
    job.kill();
    const { gone } = await watching.said<{ gone: Record<string, number[]> }>();
    times.push(Math.max(...Object.values(gone).flat()) - killed);
  }
  return median(times);
}

/** Resident memory of processes, when they have nothing to do any more. */
export async function settledBytes(pids: readonly number[]): Promise<number> {
  let least = Infinity;
  for (let waited = 0; waited < SETTLE_MS; waited += LOOK_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    least = Math.min(least, await residentBytes(pids));
  }
  return least;
}

function loadOf({ quick, signal }: BenchOptions): LoadOptions {
  return { connections: CONNECTIONS, seconds: quick ? 1 : 2, signal };
}

function perSecond(count: number, ms: number): number {
  return count / ms * 1000;
}
