/** Measures one part of the gateway and prints it as JSON: `gateway_job.ts validation|lookup|reload quick|full`. */

import { operations, readOpenApi } from "../../src/gateway/openapi/document.ts";
import { validating } from "../../src/gateway/openapi/validating.ts";
import { readConfig } from "../../src/gateway/config/read_config.ts";
import { HostRouter } from "../../src/gateway/router/host_router.ts";
import { serveGateway } from "../../src/gateway/serve_gateway.ts";
import type { Handler } from "../../src/http/handler.ts";
import { KnownBody } from "../../src/http/received_body.ts";
import type { Received } from "../../src/http/received.ts";
import { servedRequest } from "../../src/http/served_request.ts";
import { silent } from "../../src/log.ts";
import type { Lookup, Reload, Validation } from "./gateway_jobs.ts";
import { BODY, DOCUMENT, PATH } from "./gateway_orders.ts";
import { routesText } from "./gateway_routes.ts";
import { median } from "./table.ts";

/** Odd numbers, so that the median is one of the values. The first are slower, while code is compiled. */
const ROUNDS = { quick: 5, full: 25 };
const ORIGIN = "http://localhost";
const ROUTES = [10, 1000, 10_000];
/** Different paths that are asked for in turn: as many as there are of the fewest routes, and more than caches hold. */
const PATHS_FEW = 10;
const PATHS = 1000;

/** A request as our own server makes it, with its body here already. */
function makeRequest(method: string, path: string, headers: Record<string, string> = {}, bytes?: BodyBytes): Request {
  const incoming = { method, headers, rawHeaders: [] };
  const { href: url } = new URL(path, ORIGIN); // one piece of memory, as a parser gives it
  const received = { incoming, outgoing: {}, url, body: bytes && new KnownBody(bytes) };
  return servedRequest(received as unknown as Received);
}

type BodyBytes = Uint8Array<ArrayBuffer>;

async function validation(rounds: number): Promise<Validation> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/orders.yaml`, DOCUMENT);
    const [operation] = operations(await readOpenApi(`${dir}/orders.yaml`));
    const checked = validating(readAll, operation, { validateIn: true, validateOut: "off", log: silent });
    return {
      bodyBytes: BODY.length,
      plainUs: await microsecondsOf(readAll, rounds),
      checkedUs: await microsecondsOf(checked, rounds),
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const readAll: Handler = async (request) => {
  await request.bytes();
  return new Response(null);
};

async function microsecondsOf(handler: Handler, rounds: number): Promise<number> {
  const bytes = new TextEncoder().encode(BODY);
  const headers = { "content-type": "application/json", "content-length": String(bytes.byteLength) };
  const count = 2000;
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    for (let i = 0; i < count; i++) {
      const response = await handler(makeRequest("POST", PATH, headers, bytes));
      if (response.status !== 200) throw new Error(`Wrong answer: ${response.status} ${await response.text()}`);
    }
    times.push((performance.now() - started) * 1000 / count);
  }
  return median(times);
}

function lookup(rounds: number): Lookup[] {
  const searches = ROUTES.map((routes) => {
    const search = searchAmong(routes);
    return { routes, search, few: [] as number[], many: [] as number[] };
  });
  for (let round = 0; round < rounds; round++) {
    for (const { search, few, many } of searches) { // in turns: other code is compiled meanwhile
      few.push(search(PATHS_FEW));
      many.push(search(PATHS));
    }
  }
  return searches.map(({ routes, few, many }) => ({ routes, fewNs: median(few), manyNs: median(many) }));
}

/** @returns looks up so many different paths again and again, and gives the nanoseconds of one */
function searchAmong(routes: number): (paths: number) => number {
  const paths = Array.from({ length: routes }, (_, i) => `/api/v${i % 10}/resource${i}`);
  const match = { methods: ["GET"], hosts: [], headers: [], cors: undefined };
  const entries = paths.map((path, route) => ({ match: { ...match, path: `${path}/:id` }, route }));
  const router = new HostRouter([{ hosts: [], redirectCase: false, redirectTrailingSlash: false, entries }]);
  const wanted = Array.from({ length: PATHS }, (_, i) => (i * 7919) % routes); // a prime: near and far in turn
  const requests = wanted.map((route, i) => makeRequest("GET", `${paths[route]}/${i}`));
  const lookups = 50_000;
  return (different) => {
    const started = performance.now();
    for (let i = 0; i < lookups; i++) {
      const found = router.find(requests[i % different]);
      if (found instanceof Response || found.route !== wanted[i % different]) throw new Error("Wrong route");
    }
    return (performance.now() - started) * 1e6 / lookups;
  };
}

async function reload(rounds: number): Promise<Reload> {
  const routes = 1000;
  const dir = await Deno.makeTempDir();
  const path = `${dir}/sluice.toml`;
  const write = (first: string, others: string) => Deno.writeTextFile(path, routesText(routes, first, others));
  await write("0", "0");
  await using gateway = await serveGateway(readConfig(path));
  const again = async (): Promise<number> => {
    const started = performance.now();
    await gateway.reload(readConfig(path));
    return performance.now() - started;
  };
  const times = { read: [] as number[], unchanged: [] as number[], one: [] as number[], all: [] as number[] };
  for (let round = 1; round <= rounds; round++) {
    const started = performance.now();
    readConfig(path);
    times.read.push(performance.now() - started);
    times.unchanged.push(await again());
    await write(String(round), String(round - 1));
    times.one.push(await again());
    await write(`${round} again`, String(round));
    times.all.push(await again());
    await write(String(round), String(round));
    await again();
  }
  await Deno.remove(dir, { recursive: true });
  return {
    routes,
    readMs: median(times.read),
    unchangedMs: median(times.unchanged),
    oneChangedMs: median(times.one),
    allChangedMs: median(times.all),
  };
}

const JOBS: Readonly<Record<string, (rounds: number) => unknown>> = { validation, lookup, reload };

if (import.meta.main) {
  const [job, length] = Deno.args;
  console.log(JSON.stringify(await JOBS[job](length === "quick" ? ROUNDS.quick : ROUNDS.full)));
}
