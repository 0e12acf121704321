/** What calls of 1 KB cost, by whatever goes between two processes. */

import { inRounds } from "./fleet.ts";
import type { MeshRun } from "./mesh.ts";
import { withCpu } from "./mesh_process.ts";
import {
  type CallPath,
  type CallRival,
  flatendAnswers,
  flatendCalls,
  installMeshes,
  nats,
  netFloor,
  sluiceMesh,
} from "./rivals/mesh_rivals.ts";
import { mapValues, medianOf } from "./table.ts";

/** A load of calls, as `rivals/mesh_orders.mjs` tells of it. */
export interface CallLoad {
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The same, with the processor time of each process for a call. */
export interface Calls extends CallLoad {
  readonly callerUs: number;
  /** 0 where nobody is. */
  readonly betweenUs: number;
  readonly answererUs: number;
}

/** Calls at a time. */
export const IN_FLIGHT: readonly number[] = [1, 64, 512];

/** Names of those that others are compared with. */
export const OURS = sluiceMesh.name;
export const NATS = "NATS";
export const ONE_HOP = "floor: node:net, one hop";
export const TWO_HOPS = "floor: node:net, two hops";

/** Calls by all, in turns. @returns by the number of calls at a time and the name */
export async function measureCalls(run: MeshRun): Promise<Map<number, ReadonlyMap<string, Calls>>> {
  const { rounds, seconds, failures } = run;
  const home = await failures.attempt("npm's nats and flatend, install", () => installMeshes(run));
  const others = home === null ? [] : [nats(home), flatendAnswers(home), flatendCalls(home)];
  const floors = [netFloor(ONE_HOP, { hasRelay: false }), netFloor(TWO_HOPS, { hasRelay: true })];
  const results = new Map<number, ReadonlyMap<string, Calls>>();
  await using stack = new AsyncDisposableStack();
  const paths = await startAll([sluiceMesh, ...others, ...floors], stack, run);
  for (const inFlight of IN_FLIGHT) {
    const measures = mapValues(paths, (path) => () => measure(path, inFlight, seconds * 1000));
    const samples = await inRounds(measures, { rounds, subject: `calls in flight: ${inFlight}`, failures });
    results.set(inFlight, mapValues(samples, medianOf));
  }
  return results;
}

async function startAll(
  rivals: readonly CallRival[],
  stack: AsyncDisposableStack,
  run: MeshRun,
): Promise<Map<string, CallPath>> {
  const paths = new Map<string, CallPath>();
  for (const rival of rivals) {
    const path = await run.failures.attempt(`${rival.name}, start`, async () => {
      const path = await rival.start(stack, run);
      await warm(path, run);
      return path;
    });
    if (path !== null) paths.set(rival.name, path);
  }
  return paths;
}

/** Waits until there is an answer, and lets code be compiled. */
export async function warm({ caller }: Pick<CallPath, "caller">, { seconds }: MeshRun): Promise<void> {
  await caller.order("ready");
  await caller.order("calls", 64, seconds * 1000);
}

async function measure({ caller, answerer, between }: CallPath, inFlight: number, ms: number): Promise<Calls> {
  const sides = [[caller.pid], between, [answerer.pid]];
  const { result, cpu } = await withCpu(sides, () => caller.order<CallLoad>("calls", inFlight, ms));
  const [callerUs, betweenUs, answererUs] = cpu.map((ms) => ms * 1000 / result.calls);
  return { ...result, callerUs, betweenUs, answererUs };
}
