/**
 * Runs a benchmark by name and prints it as Markdown: `main.ts [serve] [--quick] [--write]`. With `--write` it goes to
 * `docs/benchmarks.md` too. Ctrl-C ends every server and removes every file.
 */

import { parseArgs } from "node:util";
import { describeMachine } from "./machine.ts";
import { run } from "./processes.ts";
import { type BenchOptions, benchServe } from "./serve.ts";
import { requireTools } from "./tools.ts";

const BENCHMARKS: Readonly<Record<string, (options: BenchOptions) => Promise<string>>> = { serve: benchServe };
/** Far more than a run takes: a hung server must not hang the run for ever. */
const RUN_MS_MAX = 15 * 60_000;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const names = positionals.length === 0 ? Object.keys(BENCHMARKS) : positionals;
  const unknown = names.find((name) => !Object.hasOwn(BENCHMARKS, name));
  if (unknown !== undefined) {
    console.error(`Cannot run ${unknown}: the benchmarks are ${Object.keys(BENCHMARKS).join(", ")}`);
    return 2;
  }

  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => interrupted.abort());
  const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(RUN_MS_MAX)]);
  const dir = await Deno.makeTempDir({ prefix: "sluice-bench-" });
  try {
    const machine = await describeMachine();
    await requireTools(signal);
    const sections: string[] = [];
    for (const name of names) sections.push(await BENCHMARKS[name]({ dir, signal, quick: values.quick }));
    const report = ["# Benchmarks", "Written by `deno task bench --write`.", machine, ...sections].join("\n\n") + "\n";
    console.log(report);
    if (values.write) await write(report, signal);
    return 0;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return 130; // as a shell reports an end by SIGINT
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function write(report: string, signal: AbortSignal): Promise<void> {
  const root = new URL("../../", import.meta.url).pathname;
  const path = `${root}docs/benchmarks.md`;
  await Deno.writeTextFile(path, report);
  await run([Deno.execPath(), "fmt", "--quiet", "--config", `${root}deno.json`, path], signal);
}

if (import.meta.main) Deno.exit(await main());
