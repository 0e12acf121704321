/** Writes what the benchmark of the mesh measured as Markdown. */

import type { Failures } from "./fleet.ts";
import type { Measured, Served } from "./gateway_loads.ts";
import { type Bulk, PLAIN } from "./mesh_bulk.ts";
import { type Calls, NATS, OURS, TWO_HOPS } from "./mesh_calls.ts";
import type { Arrivals, Handshakes, SessionMemory } from "./mesh_crowds.ts";
import { BY_MESH, GATEWAY_CONNECTIONS } from "./mesh_gateway.ts";
import { ANSWER_MS, CALLS_PER_SECOND, DELAY_MS, PROVIDERS, type Slow } from "./mesh_slow.ts";
import { NONE, shown, table, times, verdict } from "./table.ts";

/** All that was measured. What failed is missing, or null. */
export interface MeshResults {
  readonly rounds: number;
  /** Length of one measurement of load. */
  readonly seconds: number;
  /** By the number of calls at a time, and by name. */
  readonly calls: ReadonlyMap<number, ReadonlyMap<string, Calls>>;
  /** By the name of the target. */
  readonly gateway: Measured<Served>;
  /** By name. */
  readonly bulk: ReadonlyMap<string, Bulk>;
  readonly slow: Slow | null;
  readonly handshakes: Handshakes | null;
  readonly sessions: SessionMemory | null;
  readonly arrivals: Arrivals | null;
  readonly failures: Failures;
}

/** What was aimed at. */
const AIM = { inFlight: 64, callsPerSecond: 15_000, ofNats: 2, megabytesPerSecond: 400, ofHealthyP99: 1.2 };

export function meshReport(results: MeshResults): string {
  const { rounds, seconds, calls, slow, failures } = results;
  const failed = failures.toString();
  const sections = [
    "## The mesh",
    `Nodes, each in a process of its own on the same machine, call each other by name over encrypted sessions. Medians ` +
    `of ${rounds} × ${seconds} s, in turns. Beside them Debian's nats-server with npm nats 2.29.3 on Node.js on both ` +
    "sides, and npm flatend 0.0.8 at the bridge; the floors are node:net of the same runtime as Sluice, with neither " +
    "encryption nor names. NATS does not encrypt here either. CPU is processor time for a call, of all threads.",
    ...[...calls].map(([inFlight, measured]) => callSection(inFlight, measured)),
    gatewaySection(results),
    bulkSection(results),
    slow && slowSection(slow),
    crowdSection(results),
    failed && `### What failed\n\n${failed}`,
  ];
  return sections.filter(Boolean).join("\n\n");
}

function callSection(inFlight: number, measured: ReadonlyMap<string, Calls>): string {
  const ours = measured.get(OURS)?.callsPerSecond;
  const rows = [...measured].map(([name, one]) => [
    ...[name, shown(one.callsPerSecond), one.p50Ms.toFixed(2), one.p99Ms.toFixed(2)],
    ...[shown(one.callerUs), one.betweenUs > 0 ? shown(one.betweenUs) : NONE, shown(one.answererUs)],
    times(ours, one.callsPerSecond),
  ]);
  const cpu = ["CPU, µs: caller", "between", "answerer"];
  const head = ["calls by", "calls/s", "p50, ms", "p99, ms", ...cpu, "Sluice as a multiple"];
  const sections = [`### Calls of 1 KiB each way, ${inFlight} at a time`, table(head, rows), verdictOf()];
  return sections.filter(Boolean).join("\n\n");

  function verdictOf(): string {
    if (ours === undefined) return "";
    if (inFlight === AIM.inFlight) {
      return `Aim: at least ${AIM.callsPerSecond} calls/s, ${verdict(ours >= AIM.callsPerSecond)}.`;
    }
    const [nats, floor] = [NATS, TWO_HOPS].map((name) => measured.get(name)?.callsPerSecond ?? Infinity);
    const isMet = ours >= AIM.ofNats * nats || ours >= floor;
    return inFlight === 1 ? `Aim: ${AIM.ofNats} × NATS, or the floor of two hops, ${verdict(isMet)}.` : "";
  }
}

function gatewaySection({ gateway }: MeshResults): string {
  const ours = gateway.get(BY_MESH);
  const rows = [...gateway].map(([name, one]) => [
    ...[name, shown(one.requestsPerSecond), one.p50Ms.toFixed(2), one.p99Ms.toFixed(2), shown(one.cpuUs)],
    times(ours?.requestsPerSecond, one.requestsPerSecond),
  ]);
  const head = ["target", "requests/s", "p50, ms", "p99, ms", "gateway's CPU, µs", "the mesh as a multiple"];
  return `### Through the gateway, ${GATEWAY_CONNECTIONS} connections\n\nPOST of 1 KiB by wrk, answered with the same by ` +
    `one handler in a process of its own: as a service of the mesh, and behind HTTP.\n\n${table(head, rows)}`;
}

function bulkSection({ bulk }: MeshResults): string {
  const plain = bulk.get(PLAIN)?.megabytesPerSecond;
  const rows = [...bulk].map(([name, { megabytesPerSecond, callerCores, answererCores }]) => [
    ...[name, shown(megabytesPerSecond), callerCores.toFixed(2), answererCores.toFixed(2)],
    times(megabytesPerSecond, plain),
    name === PLAIN ? "" : verdict(megabytesPerSecond >= AIM.megabytesPerSecond),
  ]);
  const head = [
    "bytes by",
    "MB/s",
    "caller's cores",
    "answerer's cores",
    "of the floor",
    `aim: ${AIM.megabytesPerSecond}`,
  ];
  return `### Long bodies\n\nEncrypted by AES-256-GCM on one side and opened on the other.\n\n${table(head, rows)}`;
}

function slowSection({ seconds, ...slow }: Slow): string {
  const ratio = slow.slowP99Ms / slow.healthyP99Ms;
  const part = (share: number): string => `${(share * 100).toFixed(2)} %`;
  const rows = [
    ["all are well", slow.healthyP50Ms.toFixed(2), slow.healthyP99Ms.toFixed(2), "1.00", part(slow.healthyShare)],
    [
      ...[`one takes ${DELAY_MS} ms more`, slow.slowP50Ms.toFixed(2), slow.slowP99Ms.toFixed(2), ratio.toFixed(2)],
      part(slow.slowShare),
    ],
  ];
  return `### One slow provider of ${PROVIDERS}\n\n${CALLS_PER_SECOND} calls a second, which take ${ANSWER_MS} ms to answer, each measured from when it was due, ` +
    `over ${seconds} s, and then over as many from the moment on at which one becomes slow.\n\n` +
    table(["providers", "p50, ms", "p99, ms", "p99 as a multiple", "calls to that one"], rows) +
    `\n\nAim: at most ${AIM.ofHealthyP99}, ${verdict(ratio <= AIM.ofHealthyP99)}.`;
}

function crowdSection({ handshakes, sessions, arrivals }: MeshResults): string {
  const sections = ["### Many nodes"];
  if (handshakes) {
    const { perSecond, callerUs, answererUs } = handshakes;
    sections.push(
      `New sessions with one node, each by a new key: ${shown(perSecond)} a second. Processor time of one: ` +
        `${shown(callerUs)} µs of whoever calls, ${shown(answererUs)} µs of the node.`,
    );
  }
  if (sessions) {
    sections.push(
      `Memory of a node: ${(sessions.emptyBytes / 1e6).toFixed(0)} MB alone, and ` +
        `${
          (sessions.sessionBytes / 1000).toFixed(1)
        } kB more for each of ${sessions.sessions} nodes that have joined by it.`,
    );
  }
  if (arrivals) {
    const { nodes, arrivals: count, joinMs, joinLongestMs, callMs, callLongestMs } = arrivals;
    sections.push(
      `In a mesh of ${nodes} nodes, all in one process, a new one has joined after ${
        shown(joinMs)
      } ms, and then has the ` +
        `first answer of a service that it has never called after ${
          shown(callMs)
        } ms: medians of ${count}; the longest ` +
        `took ${shown(joinLongestMs)} and ${shown(callLongestMs)} ms.`,
    );
  }
  return sections.length > 1 ? sections.join("\n\n") : "";
}
