/** What is measured of the gateway's parts without a socket: each in a process of its own, which compiles for it alone. */

import type { GatewayRun } from "./gateway.ts";
import { run } from "./processes.ts";
import { medianOf } from "./table.ts";

/** Time of a request that is held against an OpenAPI document, microseconds. */
export interface Validation {
  readonly bodyBytes: number;
  /** By a handler that takes its body and does nothing else. */
  readonly plainUs: number;
  readonly checkedUs: number;
}

/** Time to find one of many routes, nanoseconds. */
export interface Lookup {
  readonly routes: number;
  /** When the same few are asked for again and again. */
  readonly fewNs: number;
  /** When many are, so that each is to be fetched from memory again. */
  readonly manyNs: number;
}

/** Time to put a file of routes into force when it is read again, milliseconds. */
export interface Reload {
  readonly routes: number;
  /** Of that, what reading and checking the file takes. */
  readonly readMs: number;
  readonly unchangedMs: number;
  readonly oneChangedMs: number;
  readonly allChangedMs: number;
}

const JOB = new URL("./gateway_job.ts", import.meta.url).pathname;

/** The median of several processes. */
export async function measureValidation(options: GatewayRun): Promise<Validation> {
  return medianOf(await repeat<Validation>("validation", options));
}

/** As `measureValidation`, for 10, 1,000 and 10,000 routes. */
export async function measureLookup(options: GatewayRun): Promise<Lookup[]> {
  const all = await repeat<Lookup[]>("lookup", options);
  return all[0].map((_, index) => medianOf(all.map((lookups) => lookups[index])));
}

/** As `measureValidation`. */
export async function measureReload(options: GatewayRun): Promise<Reload> {
  return medianOf(await repeat<Reload>("reload", options));
}

async function repeat<T>(job: string, { rounds, quick, signal }: GatewayRun): Promise<T[]> {
  console.error(job);
  const results: T[] = [];
  for (let round = 0; round < rounds; round++) {
    const args = [job, quick ? "quick" : "full"];
    results.push(JSON.parse(await run([Deno.execPath(), "run", "--quiet", "-A", JOB, ...args], signal)));
  }
  return results;
}
