/** What the gateway counts, for Prometheus: requests and their time by route, processes, reloads. */

import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Methods that are told apart: others are whatever a stranger writes, and each would be a series of its own. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Upper ends of the histogram, seconds: from an answer out of memory to a stream. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Label of requests for which there is no route. */
export const NO_ROUTE = "none";

/** The counters of a gateway. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = this.#counter("sluice_requests_total", "Requests answered", ["route", "method", "status"]);
  readonly #cut = this.#counter("sluice_requests_cut_total", "Answers that ended before they were whole", ["route"]);
  readonly #sent = this.#counter("sluice_response_bytes_total", "Bytes of bodies sent", ["route"]);
  readonly #seconds = new Histogram({
    name: "sluice_request_seconds",
    help: "From a request's head to the end of its answer",
    labelNames: ["route"],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #inFlight = this.#gauge("sluice_requests_in_flight", "Requests under way", ["route"]);
  readonly #spawned = this.#counter("sluice_processes_spawned_total", "Processes started", ["route"]);
  readonly #killed = this.#counter("sluice_processes_killed_total", "Processes stopped by us or a signal", ["route"]);
  readonly #failed = this.#counter("sluice_processes_failed_total", "Processes that failed by themselves", ["route"]);
  readonly #cpu = this.#counter("sluice_processes_cpu_seconds_total", "Processor time of ended processes", ["route"]);
  readonly #queue = this.#gauge("sluice_requests_waiting", "Requests that wait for a place", ["route"]);
  readonly #reloads = this.#counter("sluice_reloads_total", "Times that the file was read again", ["result"]);
  readonly #expiry = this.#gauge("sluice_certificate_expiry_seconds", "When a certificate ends, since 1970", ["hosts"]);

  /** Type of what `render` gives. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of it, in Prometheus' text form. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  /** A request has come. */
  began(route: string): void {
    this.#inFlight.inc({ route });
  }

  /** Its answer has ended. */
  ended(route: string, answer: Answer): void {
    this.#inFlight.dec({ route });
    this.answered(route, answer);
  }

  /** An answer has ended whose request was not told of before. */
  answered(route: string, { method, status, durationMs, bytes, complete }: Answer): void {
    this.#requests.inc({ route, method: METHODS.has(method) ? method : "other", status: String(status) });
    this.#seconds.observe({ route }, durationMs / 1000);
    if (bytes > 0) this.#sent.inc({ route }, bytes);
    if (!complete) this.#cut.inc({ route });
  }

  /** A process was started. */
  spawned(route: string): void {
    this.#spawned.inc({ route });
  }

  /** A process has ended. */
  exited(route: string, { code, signal, cpuMs }: { code: number | null; signal: string | null; cpuMs: number }): void {
    if (signal !== null) this.#killed.inc({ route });
    else if (code !== 0) this.#failed.inc({ route });
    if (cpuMs > 0) this.#cpu.inc({ route }, cpuMs / 1000);
  }

  /** A queue of a route, to be told how many wait in it. A route may have several, which add up. */
  queue(route: string): (waiting: number) => void {
    let last = 0;
    return (waiting) => {
      this.#queue.inc({ route }, waiting - last);
      last = waiting;
    };
  }

  /** The file was read again. */
  reloaded(result: "done" | "refused"): void {
    this.#reloads.inc({ result });
  }

  /** A certificate is in use. */
  certificate(hosts: string, expiresMs: number): void {
    this.#expiry.set({ hosts }, expiresMs / 1000);
  }

  /** Forgets the gauges of a route that is gone. What was counted stays: a counter must not fall. */
  forget(route: string): void {
    this.#inFlight.remove({ route });
    this.#queue.remove({ route });
  }

  #counter<T extends string>(name: string, help: string, labelNames: T[]): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge<T extends string>(name: string, help: string, labelNames: T[]): Gauge<T> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] });
  }
}

/** What is counted of an answer. */
export interface Answer {
  readonly method: string;
  readonly status: number;
  readonly durationMs: number;
  readonly bytes: number;
  readonly complete: boolean;
}
