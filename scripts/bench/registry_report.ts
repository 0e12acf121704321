/** Writes what the benchmark of registries measured as Markdown. */

import type { Failures } from "./fleet.ts";
import {
  CLIENTS,
  CONNECTIONS,
  type Delay,
  type Filled,
  MATCHES,
  type Memory,
  ROWS,
  ROWS_KILLED,
  WATCHERS,
} from "./registry_parts.ts";
import { shown, table, times } from "./table.ts";

/** What was measured, by registry. What failed is missing. */
export interface RegistryResults {
  readonly rounds: number;
  /** Registrations a second. */
  readonly registering: ReadonlyMap<string, number>;
  readonly filled: ReadonlyMap<string, Filled>;
  readonly seeing: ReadonlyMap<string, Delay>;
  readonly memory: ReadonlyMap<string, Memory>;
  /** Milliseconds. */
  readonly killing: ReadonlyMap<string, number>;
  readonly failures: Failures;
}

const OURS = "Sluice";
/** What was aimed at. */
const AIM = { httpPerSecond: 20_000, localPerSecond: 200_000, seenP99Ms: 100, goneMs: 200 };

export function registryReport(results: RegistryResults): string {
  const { rounds, registering, seeing, memory, killing, failures } = results;
  const failed = failures.toString();
  const sections = [
    "## Finding services",
    introduction(rounds),
    `### Registrations\n\n${ROWS} services from ${CLIENTS} clients, acknowledged; those of seaport, which acknowledges ` +
    `nothing, seen by another client. etcd syncs each to the disk, Sluice keeps them a moment later, or not at all.\n\n` +
    rateTable(registering),
    `### Questions about ${ROWS} services\n\nEach finds ${MATCHES}: over HTTP with ${CONNECTIONS} connections (wrk; ` +
    `etcd by its JSON gateway, serializable), and what a client answers from its own copy. ` +
    `Patterns come again and nothing changes meanwhile: Sluice keeps answers until something does.\n\n${
      questions(results)
    }`,
    `### New clients with ${ROWS} services\n\nOne after the other: connect, have all services, look for one, close.\n\n` +
    rateTable(new Map([...results.filled].map(([name, { syncsPerSecond }]) => [name, syncsPerSecond]))),
    `### ${WATCHERS} watchers\n\nFrom the call that registers a service to each watcher, in two processes, each watcher ` +
    `with a connection of its own.\n\n${delays(seeing)}`,
    `### Memory of the hub\n\nResident, without services and for each one more.\n\n${memories(memory)}`,
    `### Killed processes\n\nFrom SIGKILL of a process with ${ROWS_KILLED} services until a watcher has seen all of them ` +
    `go. etcd waits for the end of the lease, here of 5 s.\n\n` + lowTable("ms", killing, AIM.goneMs),
    failed && `### Not measured\n\n${failed}`,
  ];
  return sections.filter(Boolean).join("\n\n");
}

function introduction(rounds: number): string {
  return `Rates are medians of ${rounds} × one run, the registries taking turns; hubs and clients on the same machine, each client's ` +
    `job in a process of its own. Sluice with its own client on Deno, npm seaport 2.0.9 on Node.js, both as hub and as ` +
    `client, and Debian's etcd: with npm etcd3 1.1.2 by gRPC, and where that is slower, by its JSON gateway with wrk. ` +
    `In etcd a service is a key with a lease.`;
}

function rateTable(rates: ReadonlyMap<string, number>): string {
  const rows = [...rates].map(([name, rate]) => [name, shown(rate), times(rates.get(OURS), rate)]);
  return table(["registry", "per second", "Sluice as a multiple"], rows);
}

function questions({ filled }: RegistryResults): string {
  const ours = filled.get(OURS);
  const rows = [...filled].flatMap(([name, { http, localPerSecond }]) => [
    ...http ? [row(`${name}, HTTP`, http.requestsPerSecond, ours?.http?.requestsPerSecond, AIM.httpPerSecond)] : [],
    ...localPerSecond ? [row(`${name}, client's copy`, localPerSecond, ours?.localPerSecond, AIM.localPerSecond)] : [],
  ]);
  return table(["registry", "per second", "Sluice as a multiple", "aim"], rows);

  function row(name: string, rate: number, ours: number | undefined, aim: number): string[] {
    return [name, shown(rate), times(ours, rate), name.startsWith(OURS) ? verdict(rate >= aim, String(aim)) : ""];
  }
}

function delays(seeing: ReadonlyMap<string, Delay>): string {
  const rows = [...seeing].map(([name, { p50Ms, p99Ms, longestMs }]) => [
    ...[name, p50Ms.toFixed(1), p99Ms.toFixed(1), longestMs.toFixed(1)],
    times(p99Ms, seeing.get(OURS)?.p99Ms),
    name === OURS ? verdict(p99Ms < AIM.seenP99Ms, `below ${AIM.seenP99Ms}`) : "",
  ]);
  return table(["registry", "p50, ms", "p99, ms", "longest, ms", "p99 as a multiple of Sluice's", "aim, p99"], rows);
}

function memories(memory: ReadonlyMap<string, Memory>): string {
  const rows = [...memory].map(([name, { emptyBytes, rows, rowBytes }]) => [
    ...[name, (emptyBytes / 1e6).toFixed(0), String(rows), rowBytes.toFixed(0)],
    times(rowBytes, memory.get(OURS)?.rowBytes),
  ]);
  return table(["registry", "empty, MB", "services", "bytes each", "as a multiple of Sluice's"], rows);
}

function lowTable(unit: string, values: ReadonlyMap<string, number>, aim: number): string {
  const rows = [...values].map(([name, value]) => [
    ...[name, value.toFixed(1), times(value, values.get(OURS))],
    name === OURS ? verdict(value < aim, `below ${aim}`) : "",
  ]);
  return table(["registry", unit, "as a multiple of Sluice's", "aim"], rows);
}

function verdict(isMet: boolean, aim: string): string {
  return `${aim}, ${isMet ? "met" : "missed"}`;
}
