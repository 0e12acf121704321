/** The benchmark of `sluice gateway`: files, upstreams and programs behind one front, beside other gateways. */

import { Failures } from "./fleet.ts";
import {
  measureCallbacks,
  measureFiles,
  measureProxies,
  measureRouting,
  measureValidatedLoad,
} from "./gateway_loads.ts";
import { measureLookup, measureReload, measureValidation } from "./gateway_jobs.ts";
import { measureReloads } from "./gateway_reloads.ts";
import { gatewayReport } from "./gateway_report.ts";
import type { BenchOptions } from "./serve.ts";

/** A run of the benchmark. */
export interface GatewayRun extends BenchOptions {
  readonly rounds: number;
  /** Length of one measurement of load. */
  readonly seconds: number;
  readonly failures: Failures;
}

/** Measures everything and returns it as Markdown. */
export async function benchGateway(options: BenchOptions): Promise<string> {
  const failures = new Failures(options.signal);
  const length = options.quick ? { rounds: 1, seconds: 1 } : { rounds: 3, seconds: 3 };
  const run: GatewayRun = { ...options, ...length, failures };
  return gatewayReport({
    ...length,
    files: await measureFiles(run),
    proxies: await measureProxies(run),
    routing: await measureRouting(run),
    validatedLoad: await measureValidatedLoad(run),
    callbacks: await measureCallbacks(run),
    validation: await failures.attempt("OpenAPI, within the process", () => measureValidation(run)),
    lookups: await failures.attempt("Looking up routes", () => measureLookup(run)),
    reload: await failures.attempt("Reading the file again, within the process", () => measureReload(run)),
    reloads: await failures.attempt("Reading the file again under load", () => measureReloads(run)),
    failures,
  });
}
