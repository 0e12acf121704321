/** Writes what the benchmark of warm processes measured as Markdown. */

import type { ColdPath } from "./cold_path.ts";
import type { Failures } from "./fleet.ts";
import type { Handler } from "./handlers.ts";
import type { Load } from "./load.ts";
import { table } from "./table.ts";
import type { WarmMemory } from "./warm_memory.ts";

/** How one kind of load was measured. */
export interface LoadShape {
  connections: number;
  rounds: number;
  /** Length of one measurement. */
  seconds: number;
}

/** What was measured of one handler. What failed is missing. */
export interface HandlerResults {
  handler: Handler;
  /** By the number of connections, then by the server's name. */
  loads: Map<number, Map<string, Load>>;
  /** Null where nothing was kept warm. */
  memory: WarmMemory | null;
}

export interface WarmResults {
  shapes: readonly LoadShape[];
  handlers: readonly HandlerResults[];
  coldPath: ColdPath;
  failures: Failures;
}

/** Names of servers, as the tables have them. */
export interface Names {
  warm: string;
  /** Each process serves many requests. */
  reused: string;
  /** Those that start a process for each request, besides ourselves. */
  coldPeers: readonly string[];
}

/** Wanted at one connection. */
const P50_MS_AIM = 0.8;
/** Wanted: requests/s of reused processes as a multiple of those of processes for one request each, at most. */
const REUSE_AIM = 2;
/** Wanted of a child that waits. */
const SPARE_MB_AIM = 3;
const MISSING = "–";

export function warmReport(results: WarmResults, names: Names): string {
  const { shapes, handlers, coldPath } = results;
  const sections = [
    "## Warm processes",
    intro(shapes),
    aimSection(handlers, names),
    reuseSection(handlers, names),
    memorySection(handlers),
    ...handlers.map((handler) => handlerSection(handler)),
    coldSection(coldPath),
  ];
  const failures = String(results.failures);
  if (failures !== "") sections.push(`### What failed\n\n${failures}`);
  return sections.filter((section) => section !== "").join("\n\n");
}

function intro(shapes: readonly LoadShape[]): string {
  const lengths = shapes.map(({ connections, rounds, seconds }) =>
    `${rounds} × ${seconds} s with ${connections} ${connections === 1 ? "connection" : "connections"}`
  );
  return "A fresh process for each request, forked by an interpreter that has loaded the script before. The script prints " +
    "a parameter and the method. Servers that start executables start the same lines by their `#!`, with the " +
    "interpreter that Sluice takes; microcule takes the interpreters on PATH, and Node.js for JavaScript. The servers " +
    `take turns, ${
      lengths.join(", ")
    }, of which the median stands here. Load by wrk, over kept-alive connections, from ` +
    "the same machine; where a server is too slow for ten requests a connection in that time, by h2load, which sends a " +
    "set number of requests and waits for all answers.";
}

function aimSection(handlers: readonly HandlerResults[], names: Names): string {
  const rows = handlers.map(({ handler: { name, aim }, loads }) => {
    const multiples = [8, 64].map((connections) => multipleOfBest(loads.get(connections), names));
    const p50Ms = loads.get(1)?.get(names.warm)?.p50Ms;
    const met = multiples.every((multiple) => multiple !== undefined && multiple.value >= aim);
    return [
      name,
      multiples[0]?.peer ?? MISSING,
      ...multiples.map((multiple) => multiple?.value.toFixed(1) ?? MISSING),
      `${aim}, ${met ? "met" : "missed"}`,
      p50Ms?.toFixed(2) ?? MISSING,
      `${P50_MS_AIM}, ${p50Ms !== undefined && p50Ms < P50_MS_AIM ? "met" : "missed"}`,
    ];
  });
  const head = ["script", "best cold server", "× at 8", "× at 64", "wanted", "p50 at 1, ms", "wanted below"];
  return `### ${names.warm} against the best server that starts processes cold\n\n` +
    `${names.warm}'s requests/s as a multiple of the other's, at 8 and 64 connections; the best one is that at 8. p50 of ` +
    `${names.warm} at one connection.\n\n${table(head, rows)}${coldNote(handlers, names)}`;
}

/** What is not served warm has to be known to read the figures. */
function coldNote(handlers: readonly HandlerResults[], { warm }: Names): string {
  const cold = handlers.filter(({ memory }) => memory === null).map(({ handler }) => handler.name);
  return cold.length === 0 ? "" : `\n\n${warm} kept nothing warm, and started processes cold: ${cold.join("; ")}.`;
}

/** Requests/s as a multiple of the best cold peer's, and which that is. */
function multipleOfBest(
  loads: ReadonlyMap<string, Load> | undefined,
  { warm, coldPeers }: Names,
): { value: number; peer: string } | undefined {
  const rate = (name: string): number => loads?.get(name)?.requestsPerSecond ?? 0;
  const peer = coldPeers.toSorted((a, b) => rate(b) - rate(a))[0];
  return rate(warm) > 0 && rate(peer) > 0 ? { value: rate(warm) / rate(peer), peer } : undefined;
}

function reuseSection(handlers: readonly HandlerResults[], { warm, reused }: Names): string {
  const rows = handlers.flatMap(({ handler: { name }, loads }) => {
    const multiples = [8, 64].map((connections) => {
      const [once, often] = [warm, reused].map((server) => loads.get(connections)?.get(server)?.requestsPerSecond);
      return once !== undefined && often !== undefined ? often / once : undefined;
    });
    if (multiples.includes(undefined)) return [];
    const met = multiples.every((multiple) => multiple! <= REUSE_AIM);
    return [[name, ...multiples.map((multiple) => multiple!.toFixed(2)), `${REUSE_AIM}, ${met ? "met" : "missed"}`]];
  });
  if (rows.length === 0) return "";
  return "### What reused processes would bring\n\n" +
    `Requests/s of “${reused}” as a multiple of those of ${warm}, which gives each request a process of its own.\n\n` +
    table(["script", "× at 8", "× at 64", "wanted at most"], rows);
}

function memorySection(handlers: readonly HandlerResults[]): string {
  const inMb = (bytes: number | undefined): string => bytes === undefined ? MISSING : (bytes / 1e6).toFixed(1);
  const rows = handlers.map(({ handler: { name }, memory }) => [
    name,
    memory === null ? "none" : String(memory.spares),
    inMb(memory?.spareBytes),
    inMb(memory?.spareOwnBytes),
    memory === null ? MISSING : `${SPARE_MB_AIM}, ${memory.spareBytes < SPARE_MB_AIM * 1e6 ? "met" : "missed"}`,
    inMb(memory?.parentBytes),
  ]);
  return "### Memory of warm processes\n\n" +
    "After the first request, in MB: proportional set size (pages that processes share count for each in part), and of it " +
    "what a child that waits shares with nobody; the median of the children. With more children each one's share is " +
    "smaller. Parents are those that fork, summed.\n\n" +
    table(["script", "waiting", "PSS of one", "its own", "wanted below", "PSS of parents"], rows);
}

function handlerSection({ handler: { name }, loads }: HandlerResults): string {
  const servers = [...new Set([...loads.values()].flatMap((byServer) => [...byServer.keys()]))];
  const rows = servers.map((server) => [
    server,
    ...[...loads.values()].flatMap((byServer) => loadCells(byServer.get(server))),
  ]);
  const head = [...loads.keys()].flatMap((connections) => [`req/s at ${connections}`, "p50, ms", "p99, ms"]);
  return `### ${name}\n\n${table(["server", ...head], rows)}`;
}

function loadCells(load: Load | undefined): string[] {
  if (load === undefined) return [MISSING, MISSING, MISSING];
  const { requestsPerSecond, p50Ms, p99Ms } = load;
  const digits = requestsPerSecond < 100 ? 1 : 0;
  return [requestsPerSecond.toFixed(digits), p50Ms.toFixed(2), p99Ms.toFixed(2)];
}

function coldSection(coldPath: ColdPath): string {
  // The last conditions first: some ways can't take part in the first.
  const ways = [...new Set([...coldPath.values()].reverse().flatMap((byWay) => [...byWay.keys()]))];
  const rows = ways.map((way) => [
    way,
    ...[...coldPath.values()].flatMap((byWay) => {
      const load = byWay.get(way);
      return load === undefined ? [MISSING, MISSING] : [load.requestsPerSecond.toFixed(0), load.p50Ms.toFixed(2)];
    }),
  ]);
  const head = [...coldPath.keys()].flatMap((title) => [`starts/s, ${title}`, "p50, ms"]);
  return "### Starting a process\n\n" +
    "The cold path: our launchers start a small program in C, read its output and wait for its end, in isolates of one " +
    `process.\n\n${table(["way", ...head], rows)}`;
}
