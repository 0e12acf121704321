/** Puts a load on a URL: GET over kept-alive connections, each with one request under way. */

import { run } from "./processes.ts";
import { median } from "./table.ts";

/** What one run measured. */
export interface Load {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
}

export interface LoadOptions {
  connections: number;
  seconds: number;
  signal: AbortSignal;
  /** Path of a script for wrk, and its arguments. Default: it asks by GET. */
  script?: readonly string[];
}

/** Puts a load on something that it knows. */
export type Measure = (options: LoadOptions) => Promise<Load>;

/** Longer than any answer takes; wrk itself would count one of more than two seconds as a failure. */
const ANSWER_SECONDS_MAX = 30;
/** Requests of each connection in a run. With fewer, those under way at its end would distort the rate. */
const REQUESTS_MIN = 10;
/** Requests of each connection in a run of a set number, which has none under way at its end. */
const REQUESTS_SET = 2;

/** Loads a URL for some seconds with wrk. */
export async function measureLoad(url: string, options: LoadOptions): Promise<Load> {
  return parseWrk(await runWrk(url, options));
}

/** Loads a URL as `measureLoad` does, and counts the requests that were not answered well. */
export async function countFailures(url: string, options: LoadOptions): Promise<{ requests: number; failed: number }> {
  const report = await runWrk(url, options);
  const requests = Number(/^\s*(\d+) requests in /m.exec(report)?.[1]);
  if (Number.isNaN(requests)) throw new SyntaxError(`Cannot read the report of wrk: ${report}`);
  return { requests, failed: failuresIn(report) };
}

function runWrk(url: string, { connections, seconds, signal, script }: LoadOptions): Promise<string> {
  const size = [`-c${connections}`, `-d${seconds}s`, `--timeout=${ANSWER_SECONDS_MAX}s`];
  const [file, ...args] = script ?? [];
  const scripted = file === undefined ? [url] : ["-s", file, url, "--", ...args];
  return run(["wrk", "-t1", ...size, "--latency", ...scripted], signal);
}

/**
 * Measures a URL with wrk, or, where that or the run before shows a server too slow for it, with a set number of requests.
 *
 * @param dir for temporary files
 */
export function measureAnySpeed(url: string, dir: string): Measure {
  let rate: number | undefined;
  return async (options) => {
    const { connections, seconds, signal } = options;
    const fast = rate === undefined || rate * seconds >= REQUESTS_MIN * connections;
    let load = fast ? await measureLoad(url, options) : undefined;
    if (!load?.requestsPerSecond) {
      const requests = Math.ceil(Math.max((rate ?? 0) * seconds, REQUESTS_SET * connections));
      load = await measureRequests(url, { connections, requests, dir, signal });
    }
    rate = load.requestsPerSecond;
    return load;
  };
}

/** Sends a number of requests with h2load, and waits for the last answer. */
async function measureRequests(
  url: string,
  options: Pick<LoadOptions, "connections" | "signal"> & { requests: number; dir: string },
): Promise<Load> {
  const { connections, requests, dir, signal } = options;
  const log = await Deno.makeTempFile({ dir, suffix: ".tsv" });
  const size = ["-t1", `-c${connections}`, `-n${requests}`, `-N${ANSWER_SECONDS_MAX}s`];
  const report = await run(["h2load", "--h1", ...size, `--log-file=${log}`, url], signal);
  return parseH2load(report, await Deno.readTextFile(log));
}

const UNIT_MS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6 };

/** Reads the report of `wrk --latency`; throws if any request failed, for a failure is often faster than an answer. */
export function parseWrk(report: string): Load {
  const percentileMs = (percentile: number): number => {
    const [, value, unit] = new RegExp(`^\\s+${percentile}%\\s+([\\d.]+)(\\w+)$`, "m").exec(report) ?? [];
    return Number(value) * UNIT_MS[unit];
  };
  const load = {
    requestsPerSecond: Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(report)?.[1]),
    p50Ms: percentileMs(50),
    p99Ms: percentileMs(99),
  };
  const failures = failuresIn(report);
  if (failures > 0) throw new Error(`${failures} requests failed`);
  if (Number.isNaN(load.requestsPerSecond + load.p50Ms + load.p99Ms)) {
    throw new SyntaxError(`Cannot read the report of wrk: ${report}`);
  }
  return load;
}

function failuresIn(report: string): number {
  const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(report)?.slice(1) ??
    [];
  const statuses = /Non-2xx or 3xx responses: (\d+)/.exec(report)?.[1] ?? 0;
  return socketErrors.reduce((sum, count) => sum + Number(count), Number(statuses));
}

/** Reads the report of h2load and its log, a line a request: start, status, microseconds. Throws as `parseWrk` does. */
export function parseH2load(report: string, log: string): Load {
  const [, total] = /^requests: (\d+) total/m.exec(report) ?? [];
  const [, answered] = /^status codes: (\d+) 2xx/m.exec(report) ?? [];
  if (answered !== total) throw new Error(`${Number(total) - Number(answered)} requests failed`);
  const [, value, unit] = /^finished in ([\d.]+)(\w+),/m.exec(report) ?? [];
  const seconds = Number(value) * UNIT_MS[unit] / 1e3;
  const lines = log.trim().split("\n");
  const timesMs = lines.map((line) => Number(line.split("\t")[2]) / 1e3).sort((a, b) => a - b);
  const load = {
    requestsPerSecond: timesMs.length / seconds,
    p50Ms: median(timesMs),
    p99Ms: timesMs[Math.floor(timesMs.length * 0.99)],
  };
  if (Number.isNaN(load.requestsPerSecond + load.p99Ms)) {
    throw new SyntaxError(`Cannot read the report of h2load: ${report}`);
  }
  return load;
}

/** The medians of several runs, figure by figure. */
export function medianLoad(loads: readonly Load[]): Load {
  return {
    requestsPerSecond: median(loads.map((load) => load.requestsPerSecond)),
    p50Ms: median(loads.map((load) => load.p50Ms)),
    p99Ms: median(loads.map((load) => load.p99Ms)),
  };
}
