/** How fast a small executable can be started from Deno, in each way that there is. */

import { type Failures, inRounds } from "./fleet.ts";
import { type Load, medianLoad } from "./load.ts";
import { floorSpawn, measureStarts, SPAWN_FLOOR } from "./rivals/floor.ts";
import type { RivalContext } from "./rivals/rival.ts";
import { mapValues } from "./table.ts";
import { compile } from "./tools.ts";

/** Under which conditions programs are started. */
export interface Conditions {
  title: string;
  /** How many are started at a time. */
  parallel: number;
  /** What the process that starts them holds besides. */
  memoryMiB: number;
}

/** By the conditions' title, then by the way's name. */
export type ColdPath = Map<string, Map<string, Load>>;

/** A way to start programs. */
interface Way {
  /** It starts so many at a time at least. */
  parallelMin: number;
  /** Starts programs for some seconds. */
  start(conditions: Conditions, seconds: number): Promise<Load>;
}

const CONDITIONS: readonly Conditions[] = [
  { title: "1 at a time", parallel: 1, memoryMiB: 0 },
  { title: "8 at a time", parallel: 8, memoryMiB: 0 },
  { title: "8, by a process with 512 MiB more", parallel: 8, memoryMiB: 512 },
];

const LOOP = new URL("./start_loop.ts", import.meta.url).pathname;

/** Measures all ways under all conditions. */
export async function measureColdPath(
  options: RivalContext & { rounds: number; seconds: number; failures: Failures },
): Promise<ColdPath> {
  const { rounds, seconds, failures } = options;
  const ways = await coldWays(options);
  const results: ColdPath = new Map();
  for (const conditions of CONDITIONS) {
    const able = new Map([...ways].filter(([_, { parallelMin }]) => parallelMin <= conditions.parallel));
    const bound = mapValues(able, (way) => () => way.start(conditions, seconds));
    const samples = await inRounds(bound, { rounds, subject: `start, ${conditions.title}`, failures });
    results.set(conditions.title, mapValues(samples, medianLoad));
  }
  return results;
}

async function coldWays(context: RivalContext): Promise<Map<string, Way>> {
  const { dir, signal } = context;
  const program = await compile("echo", dir, signal);
  const floor = await floorSpawn(program, context);
  const inDeno = (launcher: string, isolates: number): Way => ({
    parallelMin: isolates,
    start: ({ parallel, memoryMiB }, seconds) => {
      const numbers = [isolates, parallel, seconds, memoryMiB].map(String);
      return measureStarts([Deno.execPath(), "run", "--quiet", "-A", LOOP, launcher, ...numbers, program], signal);
    },
  });
  return new Map([
    ["Deno.Command", inDeno("command", 1)],
    ["Deno.Command, two isolates", inDeno("command", 2)],
    ["posix_spawn by FFI", inDeno("posix_spawn", 1)],
    ["posix_spawn by FFI, two isolates", inDeno("posix_spawn", 2)],
    [SPAWN_FLOOR, {
      parallelMin: 1,
      start: ({ parallel }, seconds) => floor({ connections: parallel, seconds, signal }),
    }],
  ]);
}
