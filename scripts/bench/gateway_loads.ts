/** What is measured of gateways by a load of requests. */

import { type Entrant, inRounds, withServers } from "./fleet.ts";
import type { GatewayRun } from "./gateway.ts";
import { BODY, DOCUMENT, PATH } from "./gateway_orders.ts";
import { type Load, measureLoad, medianLoad } from "./load.ts";
import { cpuMs, peakRssBytes } from "./processes.ts";
import { caddyProxy, caddyStatic } from "./rivals/caddy.ts";
import { nginxProxy, nginxStatic, startHello } from "./rivals/nginx_gateway.ts";
import type { Rival } from "./rivals/rival.ts";
import { sluice } from "./rivals/sluice.ts";
import {
  sluiceCallback,
  sluiceProgram,
  sluiceProxy,
  sluiceStatic,
  startSluiceGateway,
} from "./rivals/sluice_gateway.ts";
import { mapValues, median } from "./table.ts";
import { compile } from "./tools.ts";

/** A load, and what its requests took of the server. */
export interface Served extends Load {
  /** Processor time of the server's own processes for a request. */
  readonly cpuUs: number;
  /** Peak memory of the server's own processes until then. */
  readonly peakRssBytes: number;
}

/** By the name of the server. */
export type Measured<T> = ReadonlyMap<string, T>;

/** What is asked of all servers. */
export interface Question {
  readonly subject: string;
  readonly rivals: readonly Rival[];
  /** What each serves. */
  readonly program: string;
  readonly path?: string;
  readonly connections: readonly number[];
  readonly script?: readonly string[];
  /** What a right answer is; of long ones the length. */
  readonly answer: string | number;
}

/** A file that is asked for again and again. */
export interface StaticFile {
  readonly name: string;
  readonly bytes: number;
  readonly connections: number;
}

/** Those that are measured. */
export const FILES: readonly StaticFile[] = [
  { name: "1 KiB", bytes: 1024, connections: 64 },
  { name: "10 MiB", bytes: 10 * 2 ** 20, connections: 8 },
];
/** Connections to gateways that pass requests on. */
export const PROXY_CONNECTIONS = 64;
/** Connections where programs are run. */
export const PROGRAM_CONNECTIONS: readonly number[] = [1, 8, 64];
/** Connections where programs reply by callback. */
export const CALLBACK_CONNECTIONS: readonly number[] = [1, 8];

/** As long as so many measurements a server warms up that compiles its code while it runs; others as long as one. */
const WARMING_RUNS = 3;

const POST = new URL("./gateway_post.lua", import.meta.url).pathname;

/** By the name of the file. */
export async function measureFiles(run: GatewayRun): Promise<Map<string, Measured<Served>>> {
  const results = new Map<string, Measured<Served>>();
  const root = await Deno.makeTempDir({ dir: run.dir });
  for (const { name, bytes, connections } of FILES) {
    await Deno.writeFile(`${root}/${bytes}.bin`, new Uint8Array(bytes).fill(0x61));
    const question = { subject: `a file of ${name}`, path: `${bytes}.bin`, connections: [connections], answer: bytes };
    // Of servers that have served nothing else, so that their peak memory is that of this.
    const loads = await ask(run, { ...question, rivals: [sluiceStatic, nginxStatic, caddyStatic], program: root });
    results.set(name, loads.get(connections) ?? new Map());
  }
  return results;
}

/** All pass requests on to one small upstream. */
export async function measureProxies(run: GatewayRun): Promise<Measured<Served>> {
  await using hello = await startHello(run);
  const rivals = [sluiceProxy, nginxProxy, caddyProxy];
  const question = { subject: "an upstream", connections: [PROXY_CONNECTIONS], answer: "hello" };
  return (await ask(run, { ...question, rivals, program: hello.url })).get(PROXY_CONNECTIONS) ?? new Map();
}

/** One program behind the gateway and behind `sluice serve`, by the number of connections. */
export async function measureRouting(run: GatewayRun): Promise<Map<number, Measured<Served>>> {
  const program = await compile("echo", run.dir, run.signal);
  const rivals = [sluiceProgram, sluice("sluice serve")];
  const path = "?name=Ada";
  const answer = "query name=Ada\n";
  return ask(run, { subject: "a program", rivals, program, path, connections: PROGRAM_CONNECTIONS, answer });
}

/** Requests with a JSON body, held against an OpenAPI document and not. */
export async function measureValidatedLoad(run: GatewayRun): Promise<Measured<Served>> {
  const dir = await Deno.makeTempDir({ dir: run.dir });
  await Deno.writeTextFile(`${dir}/orders.yaml`, DOCUMENT);
  await Deno.writeTextFile(`${dir}/order.json`, BODY);
  const gateway = (name: string, validateIn: boolean): Rival => ({
    name,
    compiles: true,
    start: (document, context) => {
      const openapi = `document = ${JSON.stringify(document)}, validateIn = ${validateIn}, validateOut = "off"`;
      return startSluiceGateway(`openapi = { ${openapi}, operations = { order = { respond = "ok" } } }\n`, context);
    },
  });
  const rivals = [gateway("not checked", false), gateway("checked", true)];
  const script = [POST, "application/json", `${dir}/order.json`];
  const question = { subject: "an OpenAPI document", connections: [PROXY_CONNECTIONS], script, answer: "ok" };
  const loads = await ask(run, { ...question, rivals, program: `${dir}/orders.yaml`, path: PATH.slice(1) });
  return loads.get(PROXY_CONNECTIONS) ?? new Map();
}

/** One program that answers on standard output, and by a reply to the socket; by the number of connections. */
export async function measureCallbacks(run: GatewayRun): Promise<Map<number, Measured<Served>>> {
  const program = await compile("reply", run.dir, run.signal);
  const rivals = [sluiceCallback, { ...sluiceProgram, name: "standard output" }];
  const body = await Deno.makeTempFile({ dir: run.dir });
  const script = [POST, "text/plain", body];
  const question = { subject: "replies", connections: CALLBACK_CONNECTIONS, script, answer: "hello\n" };
  return await ask(run, { ...question, rivals, program });
}

/** Asks all in turns. @returns by the number of connections */
export async function ask(run: GatewayRun, question: Question): Promise<Map<number, Measured<Served>>> {
  const { rounds, seconds, signal, failures } = run;
  const { subject, program, script } = question;
  const results = new Map<number, Measured<Served>>();
  const contestants = question.rivals.map((rival) => ({ rival, program }));
  await withServers(contestants, { ...run, subject: `${subject}, start` }, async (entrants) => {
    const ready = new Map<string, Entrant>();
    for (const entrant of entrants) {
      const prepared = await failures.attempt(
        `${entrant.name}, ${subject}, answer`,
        () => prepare(entrant, question, run),
      );
      if (prepared !== null) ready.set(entrant.name, entrant);
    }
    for (const connections of question.connections) {
      const measures = mapValues(ready, (entrant) => () => {
        return measureServed(entrant, urlOf(entrant, question), { connections, seconds, signal, script });
      });
      const samples = await inRounds(measures, {
        rounds,
        subject: `${subject}, connections: ${connections}`,
        failures,
      });
      results.set(connections, mapValues(samples, medianServed));
    }
  });
  return results;
}

function urlOf({ server }: Entrant, { path = "" }: Question): string {
  return server.url + path;
}

/** Checks what a server answers, and warms it up. */
async function prepare(entrant: Entrant, question: Question, { seconds, signal }: GatewayRun): Promise<true> {
  const { script, answer, connections } = question;
  const url = urlOf(entrant, question);
  const [_, type, file] = script ?? [];
  const body = file === undefined ? undefined : await Deno.readFile(file);
  const response = await fetch(url, {
    ...(body ? { method: "POST", body, headers: { "content-type": type } } : {}),
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  });
  const text = await response.text();
  const isRight = typeof answer === "string" ? text === answer : text.length === answer;
  if (response.status !== 200 || !isRight) throw new Error(`Wrong answer: ${response.status} ${text.slice(0, 200)}`);
  const warming = entrant.compiles ? WARMING_RUNS * seconds : seconds;
  await measureLoad(url, { connections: Math.max(...connections), seconds: warming, signal, script });
  return true;
}

async function measureServed(
  { server: { pids } }: Entrant,
  url: string,
  options: Parameters<typeof measureLoad>[1],
): Promise<Served> {
  const before = await cpuMs(pids);
  const load = await measureLoad(url, options);
  const cpu = await cpuMs(pids) - before;
  const requests = load.requestsPerSecond * options.seconds;
  return { ...load, cpuUs: cpu * 1000 / requests, peakRssBytes: await peakRssBytes(pids) };
}

function medianServed(all: readonly Served[]): Served {
  return {
    ...medianLoad(all),
    cpuUs: median(all.map(({ cpuUs }) => cpuUs)),
    peakRssBytes: Math.max(...all.map(({ peakRssBytes }) => peakRssBytes)),
  };
}
