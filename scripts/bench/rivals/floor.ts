/** Lower bounds, in C: what starting the program costs without any server, and with the smallest one. */

import type { Load, LoadOptions } from "../load.ts";
import { run, saysWhere, startServer } from "../processes.ts";
import { compile } from "../tools.ts";
import type { Rival, RivalContext } from "./rival.ts";

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
export async function floorSpawn(
  program: string,
  context: RivalContext,
): Promise<(options: LoadOptions) => Promise<Load>> {
  const loop = await compile("floor_spawn", context.dir, context.signal);
  return async ({ connections, seconds, signal }) => {
    const result = JSON.parse(await run([loop, String(connections), String(seconds), program], signal));
    return {
      requestsPerSecond: result.count / result.seconds,
      p50Ms: result.p50Ns / 1e6,
      p99Ms: result.p99Ns / 1e6,
    };
  };
}
