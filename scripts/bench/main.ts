/**
 * Runs benchmarks by name, all by default, and prints them as Markdown: `main.ts [NAME...] [--quick] [--write]`. With
 * `--write` each replaces its section in `docs/benchmarks.md`. Ctrl-C ends every server and removes every file.
 */

import { parseArgs } from "node:util";
import { benchGateway } from "./gateway.ts";
import { benchLoom } from "./loom.ts";
import { describeMachine } from "./machine.ts";
import { benchMesh } from "./mesh.ts";
import { run } from "./processes.ts";
import { benchRegistry } from "./registry.ts";
import { type BenchOptions, benchServe } from "./serve.ts";
import { requireTools } from "./tools.ts";
import { benchWarm } from "./warm.ts";

const BENCHMARKS: Readonly<Record<string, (options: BenchOptions) => Promise<string>>> = {
  serve: benchServe,
  warm: benchWarm,
  loom: benchLoom,
  registry: benchRegistry,
  gateway: benchGateway,
  mesh: benchMesh,
};
const ROOT = new URL("../../", import.meta.url).pathname;
const REPORT = `${ROOT}docs/benchmarks.md`;
const PREAMBLE = "# Benchmarks\n\nWritten by `deno task bench --write`.";
/** Far more than a run takes: a hung server must not hang the run for ever. */
const RUN_MS_MAX = 20 * 60_000;

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
    await requireTools(signal);
    for (const name of names) {
      const machine = await describeMachine(); // before the run, which is a load itself
      const section = `${await BENCHMARKS[name]({ dir, signal, quick: values.quick })}\n\n### Machine\n\n${machine}\n`;
      console.log(section);
      if (values.write) await write(section, signal);
    }
    return 0;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    return 130; // as a shell reports an end by SIGINT
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function write(section: string, signal: AbortSignal): Promise<void> {
  await Deno.writeTextFile(REPORT, replaceSection(await Deno.readTextFile(REPORT), section));
  await run([Deno.execPath(), "fmt", "--quiet", "--config", `${ROOT}deno.json`, REPORT], signal);
}

/** The document with a section in the place of the one with its title, or at the end; sections have heads of level two. */
export function replaceSection(document: string, section: string): string {
  const title = (text: string): string => text.split("\n", 1)[0];
  const sections = new Map(document.split(/^(?=## )/m).slice(1).map((text) => [title(text), text]));
  sections.set(title(section), section);
  return [PREAMBLE, ...sections.values()].map((text) => text.trim()).join("\n\n") + "\n";
}

if (import.meta.main) Deno.exit(await main());
