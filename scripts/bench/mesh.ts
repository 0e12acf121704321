/** The benchmark of the mesh: services that are called by name from one process to another, beside other ways to do so. */

import { Failures } from "./fleet.ts";
import { measureBulk } from "./mesh_bulk.ts";
import { measureCalls } from "./mesh_calls.ts";
import { measureArrivals, measureHandshakes, measureSessions } from "./mesh_crowds.ts";
import { measureGateway } from "./mesh_gateway.ts";
import { meshReport } from "./mesh_report.ts";
import { measureSlow } from "./mesh_slow.ts";
import type { BenchOptions } from "./serve.ts";

/** A run of the benchmark. */
export interface MeshRun extends BenchOptions {
  readonly rounds: number;
  /** Length of one measurement of load. */
  readonly seconds: number;
  readonly failures: Failures;
}

/** Measures everything and returns it as Markdown. */
export async function benchMesh(options: BenchOptions): Promise<string> {
  const failures = new Failures(options.signal);
  const length = options.quick ? { rounds: 1, seconds: 1 } : { rounds: 3, seconds: 1.5 };
  const run: MeshRun = { ...options, ...length, failures };
  return meshReport({
    ...length,
    calls: await measureCalls(run),
    gateway: await measureGateway(run),
    bulk: await failures.attempt("bulk, start", () => measureBulk(run)) ?? new Map(),
    slow: await failures.attempt("a slow provider", () => measureSlow(run)),
    handshakes: await failures.attempt("handshakes", () => measureHandshakes(run)),
    sessions: await failures.attempt("sessions", () => measureSessions(run)),
    arrivals: await failures.attempt("nodes that join", () => measureArrivals(run)),
    failures,
  });
}
