/** The benchmark of `sluice loom`: streams that are kept, against other servers that keep them, with one client. */

import { Failures, inRounds } from "./fleet.ts";
import type { Load } from "./load.ts";
import { medianLoad } from "./load.ts";
import { type Flatness, measureFlatness, measureOpening, type Opening } from "./loom_store.ts";
import { APPEND_BYTES, CONNECTIONS, loomReport, type LoomResults, READ_BYTES } from "./loom_report.ts";
import { type Following, measureFollowing, measureUpload, type Upload } from "./loom_streams.ts";
import { run } from "./processes.ts";
import {
  installReference,
  jetStream,
  redis,
  reference,
  sluiceLoom,
  type StoreRival,
  type Wire,
} from "./rivals/stores.ts";
import type { BenchOptions } from "./serve.ts";
import { mapValues } from "./table.ts";
import { compile } from "./tools.ts";

/** A server that runs, with a stream in it. */
interface Ready {
  readonly name: string;
  readonly port: string;
  readonly append: Wire;
  readonly read: Wire | undefined;
}

/** Measures everything and returns it as Markdown. */
export async function benchLoom(options: BenchOptions): Promise<string> {
  const failures = new Failures(options.signal);
  const { quick } = options;
  const length = quick ? { rounds: 1, seconds: 1 } : { rounds: 3, seconds: 3 };
  const loads = await measureLoads({ ...options, ...length, failures });
  const attempt = <T>(label: string, work: () => Promise<T>): Promise<T | null> => {
    console.error(label);
    return failures.attempt(label, work);
  };
  const results: LoomResults = {
    ...length,
    ...loads,
    following: await attempt<Following>("followers", () => measureFollowing(options)),
    upload: await attempt<Upload>("upload", () => measureUpload(options)),
    opening: await attempt<Opening>("opening", () => measureOpening(options)),
    flatness: await attempt<Flatness>("cost of an append", () => measureFlatness(options)),
    failures,
  };
  return loomReport(results);
}

async function measureLoads(
  options: BenchOptions & { rounds: number; seconds: number; failures: Failures },
): Promise<Pick<LoomResults, "appends" | "reads">> {
  const { dir, signal, seconds, failures, rounds } = options;
  const client = await compile("append_load", dir, signal);
  const home = await failures.attempt("@durable-streams/server, install", () => installReference(options));
  const rivals = [sluiceLoom(), redis("always"), redis("everysec"), jetStream, ...home ? [reference(home)] : []];
  await using stack = new AsyncDisposableStack();
  const ready: Ready[] = [];
  for (const rival of rivals) {
    const one = await failures.attempt(`${rival.name}, start`, () => prepare(rival, options, stack));
    if (one) ready.push(one);
  }
  const measure = ({ port }: Ready, wire: Wire) => () => measureWire(client, port, wire, { dir, seconds, signal });
  const measures = (part: "append" | "read") =>
    new Map(ready.flatMap((one) => one[part] ? [[one.name, measure(one, one[part])] as const] : []));
  const appends = await inRounds(measures("append"), { rounds, subject: "appends", failures });
  const reads = await inRounds(measures("read"), { rounds, subject: "reads", failures });
  return { appends: mapValues(appends, medianLoad), reads: mapValues(reads, medianLoad) };
}

async function prepare(rival: StoreRival, options: BenchOptions, stack: AsyncDisposableStack): Promise<Ready> {
  const { url } = stack.use(await rival.start(options));
  await rival.create(url, "load", "x");
  if (rival.read) await rival.create(url, "read", "x".repeat(READ_BYTES));
  return {
    name: rival.name,
    port: new URL(url).port,
    append: rival.append(url, "load", "x".repeat(APPEND_BYTES)),
    read: rival.read?.(url, "read"),
  };
}

/** Sends a request again and again over all connections. */
async function measureWire(
  client: string,
  port: string,
  { kind, request }: Wire,
  { dir, seconds, signal }: { dir: string; seconds: number; signal: AbortSignal },
): Promise<Load> {
  const file = await Deno.makeTempFile({ dir });
  await Deno.writeTextFile(file, request);
  const printed = await run([client, kind, port, String(CONNECTIONS), String(seconds), file], signal);
  const [requestsPerSecond, p50, p99] = printed.split(" ").map(Number);
  return { requestsPerSecond, p50Ms: p50 / 1000, p99Ms: p99 / 1000 };
}
