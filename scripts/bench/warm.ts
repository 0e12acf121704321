/**
 * The benchmark of warm processes: small scripts in the languages whose interpreters take long to start, against servers
 * that start them anew for each request, and against one that does not. Side by side, measured in turns, as in `serve`.
 */

import { measureColdPath } from "./cold_path.ts";
import { type Contestant, type Entrant, Failures, inRounds, withServers } from "./fleet.ts";
import { ANSWER, type Handler, HANDLERS, type Programs, writePrograms } from "./handlers.ts";
import { type Load, type Measure, measureAnySpeed, measureLoad, medianLoad } from "./load.ts";
import { floorSpawn, SPAWN_FLOOR } from "./rivals/floor.ts";
import { lighttpd } from "./rivals/lighttpd.ts";
import { installMicrocule, microcule } from "./rivals/microcule.ts";
import { phpFpm } from "./rivals/php_fpm.ts";
import type { Rival, Server } from "./rivals/rival.ts";
import { sluice } from "./rivals/sluice.ts";
import { webhook } from "./rivals/webhook.ts";
import type { BenchOptions } from "./serve.ts";
import { mapValues } from "./table.ts";
import { measureWarmMemory, type WarmMemory } from "./warm_memory.ts";
import { type HandlerResults, type LoadShape, type Names, warmReport } from "./warm_report.ts";

interface Run extends BenchOptions {
  shapes: readonly LoadShape[];
  failures: Failures;
  /** Not there if it could not be installed. */
  microcule: Rival | undefined;
}

/** Long enough with one connection: its median is of a thousand answers. */
const SHAPES: readonly LoadShape[] = [
  { connections: 1, rounds: 1, seconds: 1 },
  { connections: 8, rounds: 2, seconds: 1 },
  { connections: 64, rounds: 2, seconds: 1 },
];
/** With more at a time than the cores can run, starting processes is no faster. */
const FLOOR_PARALLEL_MAX = 8;
/** For the child that took the first request to end, and for the next to be forked. */
const QUIET_MS = 300;

const WARM = sluice();
const COLD = sluice("Sluice, cold", ["--warm", "0"]);
const REUSED = sluice("Sluice, 1000 requests a process", ["--reuse", "1000"]);
const NAMES: Names = {
  warm: WARM.name,
  reused: REUSED.name,
  coldPeers: [lighttpd.name, webhook.name, "microcule"],
};

/** Measures everything and returns it as Markdown. */
export async function benchWarm(options: BenchOptions): Promise<string> {
  const failures = new Failures(options.signal);
  const shapes = options.quick ? SHAPES.map((shape) => ({ ...shape, rounds: 1 })) : SHAPES;
  const home = await failures.attempt("microcule, install", () => installMicrocule(options));
  const run: Run = { ...options, shapes, failures, microcule: home === null ? undefined : microcule(home) };
  const handlers: HandlerResults[] = [];
  for (const handler of HANDLERS) {
    const results = await failures.attempt(handler.name, () => measureHandler(handler, run));
    if (results !== null) handlers.push(results);
  }
  const coldPath = await measureColdPath({ ...options, rounds: 1, seconds: 1, failures });
  return warmReport({ shapes, handlers, coldPath, failures }, NAMES);
}

async function measureHandler(handler: Handler, run: Run): Promise<HandlerResults> {
  const programs = await writePrograms(handler, run.dir);
  const results: HandlerResults = { handler, loads: new Map(), memory: null };
  await withServers(contestants(handler, programs, run), { ...run, subject: handler.name }, async (entrants) => {
    const measures = new Map<string, Measure>();
    for (const entrant of entrants) {
      const measure = await run.failures.attempt(`${entrant.name}, ${handler.name}`, async () => {
        await check(entrant, run.signal);
        if (entrant.name === WARM.name) results.memory = await measureQuietly(entrant);
        return prepare(entrant, run);
      });
      if (measure !== null) measures.set(entrant.name, measure);
    }
    measures.set(SPAWN_FLOOR, await floorSpawn(programs.cgi, run));
    for (const shape of run.shapes) {
      results.loads.set(shape.connections, await measureShape(shape, measures, { handler, run }));
    }
  });
  return results;
}

function contestants(handler: Handler, { service, cgi, microcule, fpm }: Programs, run: Run): Contestant[] {
  return [
    { rival: WARM, program: service },
    { rival: COLD, program: service },
    ...(handler.language === "python" ? [{ rival: REUSED, program: service }] : []),
    { rival: lighttpd, program: cgi },
    { rival: webhook, program: cgi },
    ...(run.microcule ? [{ rival: run.microcule, program: microcule }] : []),
    ...(handler.language === "php" ? [{ rival: phpFpm, program: fpm }] : []),
  ];
}

/** Checks what the server answers. */
async function check({ server }: Entrant, signal: AbortSignal): Promise<void> {
  const response = await fetch(urlOf(server), { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) });
  const body = await response.text();
  if (response.status !== 200 || body !== ANSWER) {
    throw new Error(`Wrong answer: ${response.status} ${JSON.stringify(body.slice(0, 200))}`);
  }
}

async function measureQuietly({ server }: Entrant): Promise<WarmMemory | null> {
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  return await measureWarmMemory(server);
}

async function prepare({ compiles, server }: Entrant, { dir, signal }: Run): Promise<Measure> {
  const url = urlOf(server);
  if (compiles) await measureLoad(url, { connections: 8, seconds: 1, signal });
  return measureAnySpeed(url, dir);
}

function urlOf({ url }: Server): string {
  return `${url}?name=Ada`;
}

async function measureShape(
  { connections, rounds, seconds }: LoadShape,
  measures: ReadonlyMap<string, Measure>,
  { handler, run }: { handler: Handler; run: Run },
): Promise<Map<string, Load>> {
  const { signal, failures } = run;
  const chosen = [...measures].filter(([name]) => name !== SPAWN_FLOOR || connections <= FLOOR_PARALLEL_MAX);
  const bound = mapValues(new Map(chosen), (measure) => () => measure({ connections, seconds, signal }));
  const subject = `${handler.name}, connections: ${connections}`;
  return mapValues(await inRounds(bound, { rounds, subject, failures }), medianLoad);
}
