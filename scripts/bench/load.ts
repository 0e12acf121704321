/** Puts a load on a URL with wrk: GET over kept-alive connections, each with one request under way. */

import { run } from "./processes.ts";

/** What one run of wrk measured. */
export interface Load {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
}

export interface LoadOptions {
  connections: number;
  seconds: number;
  signal: AbortSignal;
}

/** Loads a URL for some seconds. */
export async function measureLoad(url: string, options: LoadOptions): Promise<Load> {
  const { connections, seconds, signal } = options;
  return parseWrk(await run(["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency", url], signal));
}

const UNIT_MS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6 };

/** Reads the report of `wrk --latency`; throws if any request failed, for a failure is often faster than an answer. */
export function parseWrk(report: string): Load {
  const percentileMs = (percentile: number): number => {
    const [, value, unit] = new RegExp(`^\\s+${percentile}%\\s+([\\d.]+)(\\w+)$`, "m").exec(report) ?? [];
    return Number(value) * UNIT_MS[unit];
  };
  const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(report)?.slice(1) ??
    [];
  const statuses = /Non-2xx or 3xx responses: (\d+)/.exec(report)?.[1] ?? 0;
  const load = {
    requestsPerSecond: Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(report)?.[1]),
    p50Ms: percentileMs(50),
    p99Ms: percentileMs(99),
  };
  const failures = socketErrors.reduce((sum, count) => sum + Number(count), Number(statuses));
  if (failures > 0) throw new Error(`${failures} requests failed`);
  if (Number.isNaN(load.requestsPerSecond + load.p50Ms + load.p99Ms)) {
    throw new SyntaxError(`Cannot read the report of wrk: ${report}`);
  }
  return load;
}
