/** How many bytes go between two nodes. */

import { inRounds } from "./fleet.ts";
import type { MeshRun } from "./mesh.ts";
import { type MeshProcess, withCpu } from "./mesh_process.ts";
import { startPair, startScript } from "./rivals/mesh_rivals.ts";
import { mapValues, medianOf } from "./table.ts";

/** Bytes that went from one process to the other. */
export interface Bulk {
  readonly megabytesPerSecond: number;
  /** Processors that each side took: processor time for elapsed time. */
  readonly callerCores: number;
  readonly answererCores: number;
}

/** What others are compared with. */
export const PLAIN = "floor: node:net, download";
const STREAMS = 64;

/** One stream and many, both ways, and what a connection without encryption carries; by name. */
export async function measureBulk(run: MeshRun): Promise<Map<string, Bulk>> {
  const { signal, rounds, quick, failures } = run;
  const bytes = quick ? 2 ** 27 : 2 ** 30;
  await using stack = new AsyncDisposableStack();
  const { caller, answerer } = await startPair(stack, run);
  await caller.order("ready");
  const source = stack.use(await startScript<number>("mesh_floor.ts", ["source"], signal));
  const taker = stack.use(await startScript("mesh_floor.ts", ["taker", source.started], signal));
  const ours = (order: string, streams: number) => () => move([caller, answerer], order, bytes, streams);
  const measures = new Map([
    ["one stream, download", ours("download", 1)],
    ["one stream, upload", ours("upload", 1)],
    [`${STREAMS} streams, download`, ours("download", STREAMS)],
    [`${STREAMS} streams, upload`, ours("upload", STREAMS)],
    [PLAIN, () => move([taker, source], "download", bytes, 1)],
  ]);
  return mapValues(await inRounds(measures, { rounds, subject: "bulk", failures }), medianOf);
}

/** @param streams that share the bytes */
async function move(
  [caller, answerer]: readonly MeshProcess[],
  order: string,
  bytes: number,
  streams: number,
): Promise<Bulk> {
  const sides = [[caller.pid], [answerer.pid]];
  const { result: ms, cpu } = await withCpu(sides, () => caller.order<number>(order, bytes, streams));
  return { megabytesPerSecond: bytes / ms / 1000, callerCores: cpu[0] / ms, answererCores: cpu[1] / ms };
}
