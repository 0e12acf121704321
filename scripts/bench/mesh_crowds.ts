/** What many nodes cost one: handshakes, memory, and how long a new one takes. */

import type { MeshRun } from "./mesh.ts";
import { withCpu } from "./mesh_process.ts";
import { settledBytes } from "./registry_parts.ts";
import type { Newcomer } from "./rivals/mesh_crowd.ts";
import { startScript, startSluice } from "./rivals/mesh_rivals.ts";
import { median, medianOf } from "./table.ts";

/** New sessions with one node, one after the other with each of many. */
export interface Handshakes {
  readonly perSecond: number;
  /** Processor time of each side for one. */
  readonly callerUs: number;
  readonly answererUs: number;
}

/** Memory of a node. */
export interface SessionMemory {
  readonly emptyBytes: number;
  readonly sessions: number;
  readonly sessionBytes: number;
}

/** Time of nodes that come to a mesh, milliseconds. */
export interface Arrivals {
  readonly nodes: number;
  readonly arrivals: number;
  readonly joinMs: number;
  readonly joinLongestMs: number;
  readonly callMs: number;
  readonly callLongestMs: number;
}

const CROWD = "mesh_crowd.ts";
const NODES = 50;
/** Keys that are made before handshakes are counted: more than are used meanwhile. */
const STRANGERS = 2500;
/** Sessions that come and go before the memory without any is looked at. */
const WARM_MS = 500;
const LOOPBACK = "127.0.0.1:0";

/** As many at a time as keep both sides busy; the median of several runs. */
export async function measureHandshakes(run: MeshRun): Promise<Handshakes> {
  console.error("handshakes");
  await using node = await startSluice({ listen: LOOPBACK }, run);
  await using crowd = await startScript(CROWD, [], run.signal);
  const results: Handshakes[] = [];
  for (let round = 0; round <= run.rounds; round++) {
    await crowd.order("prepare", STRANGERS);
    const args = [node.started.address, run.seconds * 1000];
    const greet = () => crowd.order<{ count: number; ms: number }>("handshakes", ...args);
    const { result: { count, ms }, cpu } = await withCpu([[crowd.pid], [node.pid]], greet);
    const [callerUs, answererUs] = cpu.map((ms) => ms * 1000 / count);
    results.push({ perSecond: count / ms * 1000, callerUs, answererUs });
  }
  return medianOf(results.slice(1)); // in the first, code was compiled
}

/** Compares the memory of a node with and without nodes that have joined by it and do nothing. */
export async function measureSessions(run: MeshRun): Promise<SessionMemory> {
  console.error("sessions");
  const sessions = run.quick ? 500 : 2000;
  await using node = await startSluice({ listen: LOOPBACK }, run, ["--v8-flags=--expose-gc"]);
  await using crowd = await startScript(CROWD, [], run.signal);
  const resident = async () => {
    await node.order("collect");
    return await settledBytes([node.pid]);
  };
  await crowd.order("handshakes", node.started.address, WARM_MS);
  const emptyBytes = await resident();
  await crowd.order("join", node.started.address, sessions);
  return { emptyBytes, sessions, sessionBytes: (await resident() - emptyBytes) / sessions };
}

/** Nodes that come to a mesh, which is all in one process, one after the other. */
export async function measureArrivals({ quick, signal }: MeshRun): Promise<Arrivals> {
  console.error("nodes that join");
  await using crowd = await startScript(CROWD, [], signal);
  const all = await crowd.order<Newcomer[]>("newcomers", NODES, quick ? 5 : 20);
  const [joins, calls] = [all.map(({ joinMs }) => joinMs), all.map(({ callMs }) => callMs)];
  return {
    ...{ nodes: NODES, arrivals: all.length },
    ...{ joinMs: median(joins), joinLongestMs: Math.max(...joins) },
    ...{ callMs: median(calls), callLongestMs: Math.max(...calls) },
  };
}
