/** Writes what the benchmark of `sluice gateway` measured as Markdown. */

import type { Failures } from "./fleet.ts";
import type { Lookup, Reload, Validation } from "./gateway_jobs.ts";
import { FILES, type Measured, PROXY_CONNECTIONS, type Served } from "./gateway_loads.ts";
import type { Reloads } from "./gateway_reloads.ts";
import { NONE, shown, table, times, verdict } from "./table.ts";

/** All that was measured, by the name of the server. What failed is missing, or null. */
export interface GatewayResults {
  readonly rounds: number;
  /** Length of one measurement of load. */
  readonly seconds: number;
  /** By the name of the file. */
  readonly files: ReadonlyMap<string, Measured<Served>>;
  readonly proxies: Measured<Served>;
  /** By the number of connections. */
  readonly routing: ReadonlyMap<number, Measured<Served>>;
  readonly validatedLoad: Measured<Served>;
  /** By the number of connections. */
  readonly callbacks: ReadonlyMap<number, Measured<Served>>;
  readonly validation: Validation | null;
  readonly lookups: readonly Lookup[] | null;
  readonly reload: Reload | null;
  readonly reloads: Reloads | null;
  readonly failures: Failures;
}

const OURS = "Sluice";
/** What was aimed at. */
const AIM = { ofCaddysProxy: 1, checkUs: 50, lookupRatio: 1 };
/** Two measurements of the same differ by less. */
const NOISE = 0.1;

export function gatewayReport(results: GatewayResults): string {
  const { rounds, seconds, files, failures } = results;
  const failed = failures.toString();
  const sections = [
    "## The gateway",
    `\`sluice gateway\` beside Debian's nginx and caddy, without access logs and compression. Medians of ${rounds} × ` +
    `${seconds} s, the servers taking turns. Load by wrk, over kept-alive connections, from the same machine. Sluice ` +
    "answers from one thread, nginx and caddy from all cores; CPU is processor time of the server for a request, the " +
    "peak memory that of its own processes, summed.",
    ...FILES.map(({ name, bytes, connections }) =>
      `### A file of ${name}, ${connections} connections\n\n` + servedTable(files.get(name) ?? new Map(), bytes)
    ),
    proxySection(results),
    routingSection(results),
    validationSection(results),
    lookupSection(results),
    callbackSection(results),
    reloadSection(results),
    failed && `### What failed\n\n${failed}`,
  ];
  return sections.filter(Boolean).join("\n\n");
}

/** @param bytes of an answer, where their rate is told */
function servedTable(served: Measured<Served>, bytes?: number): string {
  const ours = served.get(OURS);
  const rows = [...served].map(([name, one]) => [
    name,
    shown(one.requestsPerSecond),
    ...bytes === undefined ? [] : [shown(one.requestsPerSecond * bytes / 2 ** 20)],
    one.p50Ms.toFixed(2),
    one.p99Ms.toFixed(2),
    shown(one.cpuUs),
    (one.peakRssBytes / 2 ** 20).toFixed(0),
    times(ours?.requestsPerSecond, one.requestsPerSecond),
  ]);
  const rate = bytes === undefined ? [] : ["MiB/s"];
  const head = ["server", "requests/s", ...rate, "p50, ms", "p99, ms", "CPU, µs", "peak memory, MiB"];
  return table([...head, "Sluice as a multiple"], rows);
}

function proxySection({ proxies }: GatewayResults): string {
  const [ours, caddy] = [proxies.get(OURS), proxies.get("caddy")];
  const ratio = ours && caddy && ours.requestsPerSecond / caddy.requestsPerSecond;
  const aim = ratio === undefined
    ? ""
    : `\n\nOf caddy's requests/s: ${ratio.toFixed(2)}; aim: at least ${AIM.ofCaddysProxy.toFixed(1)}, ` +
      `${verdict(ratio >= AIM.ofCaddysProxy)}.`;
  return `### Passing requests on, ${PROXY_CONNECTIONS} connections\n\nTo an nginx that answers \`hello\`, the same for ` +
    `all, over connections that are kept.\n\n${servedTable(proxies)}${aim}`;
}

function routingSection({ routing }: GatewayResults): string {
  const rows = [...routing].flatMap(([connections, served]) => {
    const [gateway, serve] = [served.get("sluice gateway"), served.get("sluice serve")];
    return [[
      String(connections),
      ...[gateway, serve].map((one) => one ? shown(one.requestsPerSecond) : NONE),
      times(gateway?.requestsPerSecond, serve?.requestsPerSecond),
      ...[gateway, serve].map((one) => one?.p50Ms.toFixed(2) ?? NONE),
      ...[gateway, serve].map((one) => one ? shown(one.cpuUs) : NONE),
    ]];
  });
  const head = ["connections", "gateway, req/s", "serve, req/s", "ratio", "gateway, p50, ms", "serve, p50, ms"];
  return "### What routing costs\n\nThe small program of [Serving a small program](#serving-a-small-program), a fresh " +
    "process a request, as a route of the gateway and by `sluice serve`. CPU is that of the server without its " +
    "programs.\n\n" + table([...head, "gateway, CPU, µs", "serve, CPU, µs"], rows);
}

function validationSection({ validation, validatedLoad }: GatewayResults): string {
  const sections = ["### Requests held against an OpenAPI document"];
  if (validation) {
    const { bodyBytes, plainUs, checkedUs } = validation;
    const costUs = checkedUs - plainUs;
    sections.push(
      `Two parameters and a JSON body of ${bodyBytes} bytes, without a socket: ${plainUs.toFixed(1)} µs to take the ` +
        `body, ${checkedUs.toFixed(1)} µs to take and check it. The check takes ${costUs.toFixed(1)} µs; aim: below ` +
        `${AIM.checkUs}, ${verdict(costUs < AIM.checkUs)}.`,
    );
  }
  const plain = validatedLoad.get("not checked");
  const rows = [...validatedLoad].map(([name, one]) => [
    ...[name, shown(one.requestsPerSecond), one.p50Ms.toFixed(2), shown(one.cpuUs)],
    times(one.requestsPerSecond, plain?.requestsPerSecond),
  ]);
  sections.push(
    `Over HTTP with ${PROXY_CONNECTIONS} connections, answered \`ok\`; a body that is not checked is not read either.`,
    table(["requests", "requests/s", "p50, ms", "CPU, µs", "of those not checked"], rows),
  );
  return sections.join("\n\n");
}

function lookupSection({ lookups }: GatewayResults): string {
  if (!lookups) return "";
  const rows = lookups.map(({ routes, fewNs, manyNs }) => [
    ...[String(routes), fewNs.toFixed(0), times(fewNs, lookups[0].fewNs)],
    ...[manyNs.toFixed(0), times(manyNs, lookups[0].manyNs)],
  ]);
  const isMet = lookups.at(-1)!.fewNs / lookups[0].fewNs <= AIM.lookupRatio + NOISE;
  const head = ["routes", "ten paths, ns", "of the fewest", "1000 paths, ns", "of the fewest"];
  return "### Looking up routes\n\nRoutes with four pieces, one of which is a parameter, without a socket; ten and a " +
    "thousand different paths are asked for in turn. The second differs from the first in what the processor's caches " +
    `no longer hold. Aim: the most at the cost of the fewest, with ten paths, ${verdict(isMet)}.\n\n` +
    table(head, rows);
}

function callbackSection({ callbacks }: GatewayResults): string {
  const rows = [...callbacks].flatMap(([connections, served]) =>
    [...served].map(([name, { requestsPerSecond, p50Ms, p99Ms, cpuUs }]) => [
      ...[name, String(connections), shown(requestsPerSecond), p50Ms.toFixed(2), p99Ms.toFixed(2), shown(cpuUs)],
      times(p50Ms, served.get("standard output")?.p50Ms),
    ])
  );
  const head = ["answer by", "connections", "requests/s", "p50, ms", "p99, ms", "CPU, µs", "p50, as a multiple"];
  return "### Replies by callback\n\nOne small C program, a fresh process a request, that answers by a request to the " +
    "gateway's socket, and on standard output.\n\n" + table(head, rows);
}

function reloadSection({ reload, reloads }: GatewayResults): string {
  const sections = ["### Reading the file again"];
  if (reload) {
    const { routes, readMs, unchangedMs, oneChangedMs, allChangedMs } = reload;
    const rows = [["none", unchangedMs], ["one", oneChangedMs], ["all", allChangedMs]] as const;
    sections.push(
      `A file of ${routes} routes, within the process; to read and check the file takes ${readMs.toFixed(1)} ms of it.`,
      table(["routes that changed", "ms"], rows.map(([name, ms]) => [name, ms.toFixed(1)])),
    );
  }
  if (reloads) {
    const { reloads: count, requests, lost, idleMs, loadedMs, routes } = reloads;
    sections.push(
      `From SIGHUP to the first answer by a file in which all of ${routes} routes have changed: ${
        idleMs.toFixed(0)
      } ms, ` +
        `under load ${
          loadedMs.toFixed(0)
        } ms. Of ${requests} requests to a changed route, during ${count} such reloads, ` +
        `${lost} were lost; aim: 0, ${verdict(lost === 0)}.`,
    );
  }
  return sections.length > 1 ? sections.join("\n\n") : "";
}
