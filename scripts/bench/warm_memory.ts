/** What the warm processes of a server take of memory while they wait. */

import { childrenOf, type Server } from "./processes.ts";
import { median } from "./table.ts";

/** In bytes. Pages that several processes share count in each for its share alone (PSS). */
export interface WarmMemory {
  /** Children that wait. */
  spares: number;
  /** Of one of them: the median. */
  spareBytes: number;
  /** The part of that which no other process shares. */
  spareOwnBytes: number;
  /** Of the processes that fork them. */
  parentBytes: number;
}

/** Looks at a server that is idle; null if it keeps nothing warm. */
export async function measureWarmMemory(server: Server): Promise<WarmMemory | null> {
  const started = (await Promise.all(server.pids.map(childrenOf))).flat().filter((pid) => !server.pids.includes(pid));
  const forked = await Promise.all(started.map(childrenOf));
  const parents = started.filter((_, i) => forked[i].length > 0);
  // What has forked nothing was started ahead, and waits itself.
  const spares = [...forked.flat(), ...started.filter((_, i) => forked[i].length === 0)];
  if (spares.length === 0) return null;
  const maps = await Promise.all(spares.map(memoryMap));
  return {
    spares: spares.length,
    spareBytes: median(maps.map((map) => map.Pss)),
    spareOwnBytes: median(maps.map((map) => map.Private_Clean + map.Private_Dirty)),
    parentBytes: (await Promise.all(parents.map(memoryMap))).reduce((sum, map) => sum + map.Pss, 0),
  };
}

/** The sums over a process's mappings, in bytes (proc(5), smaps_rollup). */
async function memoryMap(pid: number): Promise<Record<string, number>> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return Object.fromEntries(
    [...text.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, name, kib]) => [name, 1024 * Number(kib)]),
  );
}
