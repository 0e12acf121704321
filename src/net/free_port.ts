/** Ports for services that are about to start: free now, and given to nobody else by this process. */

import { limits } from "../limits.ts";
import { isFree } from "./probe_port.ts";

/** Options of {@linkcode freePort}. */
export interface FreePortOptions {
  /** The lowest and the highest port that will do. Default: 10000 to 65535. */
  readonly range?: readonly [lowest: number, highest: number];
  /** Ports not to give, such as those that others have been told of. */
  readonly avoid?: ReadonlySet<number>;
  /** Gives numbers from 0 up to 1. */
  readonly random?: () => number;
}

const RANGE = [10_000, 65_535] as const;
/** So many probes are made before others get a turn: 5 ms. */
const PROBES_AT_ONCE = 64;

/** Ports that services of this process were given: such a service may not listen yet, or be about to start again. */
const given = new Set<number>();

/**
 * Finds a port on which nothing listens on any address. It is not given again before {@linkcode releasePort}.
 *
 * @throws {RangeError} bad range; no port is free in it, or none was found in a large one
 */
export async function freePort(options: FreePortOptions = {}): Promise<number> {
  const { range = RANGE, avoid, random = Math.random } = options;
  const [lowest, highest] = checkRange(range);
  let probes = 0;
  for (const port of inRandomOrder(lowest, highest, random)) {
    if (given.has(port) || avoid?.has(port)) continue;
    if (await claim(port)) return port;
    if (++probes === limits.portProbes) throw noPort(lowest, highest, `${probes} tries found none`);
    if (probes % PROBES_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  throw noPort(lowest, highest, `all ${highest - lowest + 1} are taken`);
}

/** Says that a port may be given to others. */
export function releasePort(port: number): void {
  given.delete(port);
}

/** Takes a port before it is probed, so that two who look at the same time never find the same one. */
async function claim(port: number): Promise<boolean> {
  let isOurs = false;
  given.add(port);
  try {
    return isOurs = await isFree(port);
  } finally {
    if (!isOurs) given.delete(port);
  }
}

function noPort(lowest: number, highest: number, why: string): RangeError {
  return new RangeError(
    `Cannot find a free port from ${lowest} to ${highest}: ${why}; give a larger range, or stop what listens there`,
  );
}

function checkRange(range: readonly [number, number]): readonly [number, number] {
  const [lowest, highest] = range;
  if (range.length === 2 && range.every(isPort) && lowest <= highest) return range;
  throw new RangeError(
    `Cannot look for a port from ${lowest} to ${highest}: give two from 1 to 65535, the lower first`,
  );
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Every port once, each order as likely as any other; a shuffle that costs by how many are asked for. */
function* inRandomOrder(lowest: number, highest: number, random: () => number): Generator<number> {
  const moved = new Map<number, number>();
  for (let last = highest - lowest; last >= 0; last--) {
    const at = Math.floor(random() * (last + 1));
    yield lowest + (moved.get(at) ?? at);
    moved.set(at, moved.get(last) ?? last);
  }
}
