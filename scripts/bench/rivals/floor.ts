/** Lower bounds, in C: what starting the program costs without any server, and with the smallest one. */

import type { Load, Measure } from "../load.ts";
import { run, saysWhere, startServer } from "../processes.ts";
import { compile } from "../tools.ts";
import type { Rival, RivalContext } from "./rival.ts";

/** The floor that is no server. */
export const SPAWN_FLOOR = "C floor: posix_spawn";

/** One a connection; more than the load generator opens, as other clients keep theirs open too. */
const THREADS = 128;

/** A thread a connection, posix_spawn a request. */
export const floorHttp: Rival = {
  name: "C floor: HTTP",
  async start(program, { dir: base, signal }) {
    const dir = await Deno.makeTempDir({ dir: base });
    const server = await compile("floor_http", dir, signal);
    return startServer([server, String(THREADS), program], { dir, ready: saysWhere, signal });
  },
};

/** posix_spawn and wait in a loop: "connections" is how many loops run at once. */
export async function floorSpawn(program: string, context: RivalContext): Promise<Measure> {
  const loop = await compile("floor_spawn", context.dir, context.signal);
  return ({ connections, seconds, signal }) =>
    measureStarts([loop, String(connections), String(seconds), program], signal);
}

/** Runs a command that starts programs, and prints how many and how long each took. */
export async function measureStarts(command: readonly string[], signal: AbortSignal): Promise<Load> {
  const { count, seconds, p50Ns, p99Ns } = JSON.parse(await run(command, signal));
  return { requestsPerSecond: count / seconds, p50Ms: p50Ns / 1e6, p99Ms: p99Ns / 1e6 };
}
