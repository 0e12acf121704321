/**
 * The benchmark of `sluice serve`: a fresh process a request, against other servers that do the same and against the
 * floor. All run the same small C program, side by side, measured in turns, so that noise falls on each alike.
 */

import { type Contestant, type Entrant, Failures, inRounds, withServers } from "./fleet.ts";
import { type Measure, measureLoad, medianLoad } from "./load.ts";
import { peakRssBytes } from "./processes.ts";
import { floorHttp, floorSpawn, SPAWN_FLOOR } from "./rivals/floor.ts";
import { lighttpd } from "./rivals/lighttpd.ts";
import { nginx } from "./rivals/nginx.ts";
import type { RivalContext } from "./rivals/rival.ts";
import { sluice } from "./rivals/sluice.ts";
import { webhook } from "./rivals/webhook.ts";
import { type Results, serveReport } from "./serve_report.ts";
import { type FirstByte, measureFirstByte, measureThroughput } from "./stream.ts";
import { mapValues, median } from "./table.ts";
import { compile } from "./tools.ts";

export interface BenchOptions extends RivalContext {
  /** A short run: its numbers say little, but everything runs once. */
  quick: boolean;
}

interface Run extends BenchOptions {
  rounds: number;
  seconds: number;
  failures: Failures;
}

const CONNECTIONS = [1, 8, 64];
const RIVALS = [sluice(), webhook, lighttpd, nginx, floorHttp];
const THROUGHPUT_BYTES = 256 * 2 ** 20;

/** Measures everything and returns it as Markdown. */
export async function benchServe(options: BenchOptions): Promise<string> {
  const failures = new Failures(options.signal);
  const length = options.quick ? { rounds: 1, seconds: 1 } : { rounds: 3, seconds: 3 };
  const run: Run = { ...options, ...length, failures };
  return serveReport({
    ...length,
    loads: await measureLoads(run),
    ...await measureThroughputs(run),
    firstBytes: await measureFirstBytes(run),
    failures,
  });
}

/** The same program for all. */
function contestants(program: string): Contestant[] {
  return RIVALS.map((rival) => ({ rival, program }));
}

async function measureLoads(run: Run): Promise<Results["loads"]> {
  const { rounds, seconds, dir, signal, failures } = run;
  const program = await compile("echo", dir, signal);
  const loads: Results["loads"] = new Map();
  await withServers(contestants(program), { ...run, subject: "start" }, async (entrants) => {
    const measures = new Map([[SPAWN_FLOOR, await floorSpawn(program, run)]]);
    for (const entrant of entrants) {
      const measure = await failures.attempt(`${entrant.name}, answer`, () => prepare(entrant, signal));
      if (measure !== null) measures.set(entrant.name, measure);
    }
    for (const connections of CONNECTIONS) {
      const bound = mapValues(measures, (measure) => () => measure({ connections, seconds, signal }));
      const samples = await inRounds(bound, { rounds, subject: `load, connections: ${connections}`, failures });
      loads.set(connections, mapValues(samples, medianLoad));
    }
  });
  return loads;
}

/** Checks what the server answers and warms it up. */
async function prepare({ server }: Entrant, signal: AbortSignal): Promise<Measure> {
  const url = `${server.url}?name=Ada`;
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) });
  const body = await response.text();
  if (response.status !== 200 || !body.includes("Ada")) {
    throw new Error(`Wrong answer: ${response.status} ${body.slice(0, 200)}`);
  }
  await measureLoad(url, { connections: 8, seconds: 1, signal });
  return (options) => measureLoad(url, options);
}

/** With servers of their own, so that their peak memory is that of streaming. */
async function measureThroughputs(run: Run): Promise<Pick<Results, "bytesPerSecond" | "peakRssBytes">> {
  const { rounds, dir, signal, failures } = run;
  const client = await compile("duplex", dir, signal);
  const results = { bytesPerSecond: new Map<string, number>(), peakRssBytes: new Map<string, number>() };
  await withServers(contestants(await compile("echo", dir, signal)), { ...run, subject: "start" }, async (entrants) => {
    const measures = new Map(entrants.map(({ name, server: { url } }) => {
      return [name, () => measureThroughput(THROUGHPUT_BYTES, { client, url, signal })];
    }));
    const samples = await inRounds(measures, { rounds, subject: "256 MiB both ways", failures });
    results.bytesPerSecond = mapValues(samples, median);
    for (const { name, server } of entrants) {
      if (samples.has(name)) results.peakRssBytes.set(name, await peakRssBytes(server.pids));
    }
  });
  return results;
}

async function measureFirstBytes(run: Run): Promise<Map<string, FirstByte>> {
  const { quick, dir, signal, failures } = run;
  const client = await compile("first_byte", dir, signal);
  let firstBytes = new Map<string, FirstByte>();
  await withServers(contestants(await compile("tick", dir, signal)), { ...run, subject: "start" }, async (entrants) => {
    const measures = new Map(entrants.map(({ name, server: { url } }) => {
      return [name, () => measureFirstByte(quick ? 5 : 20, { client, url, signal })];
    }));
    const samples = await inRounds(measures, { rounds: 1, subject: "first byte", failures });
    firstBytes = mapValues(samples, ([firstByte]) => firstByte);
  });
  return firstBytes;
}
