/**
 * Makes one file of the command line: with `deno compile`, or, where its runtime can't be had, a file that unpacks itself.
 *
 * `deno task compile [--target TARGET] [--output FILE] [--self-extracting]`
 */

import { parseArgs } from "node:util";
import { dirname } from "node:path";
import $ from "dax";
import { buildSelfExtracting } from "./build/self_extracting.ts";
import { buildStandalone } from "./build/standalone.ts";
import { type Target, targetNamed } from "./build/targets.ts";

try {
  await compile();
} catch (error) {
  $.logError("not built:", error instanceof Error ? error.message : error);
  Deno.exitCode = 1;
}

async function compile(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      target: { type: "string" },
      output: { type: "string" },
      "self-extracting": { type: "boolean", default: false },
    },
  });
  const target = targetNamed(values.target ?? Deno.build.target);
  const ending = target.name.includes("windows") ? ".exe" : "";
  const output = values.output ?? (values.target === undefined ? "dist/sluice" : `dist/sluice-${target.name}${ending}`);
  await Deno.mkdir(dirname(output), { recursive: true });
  if (values["self-extracting"] || !await compileStandalone(target, output)) {
    await $.progress(`Packing ${output} for ${target.name}`).with(() => buildSelfExtracting(target, output));
  }
  const { size } = await Deno.stat(output);
  $.logStep("built", `${output}, ${(size / 1e6).toFixed(1)} MB, for ${target.name}`);
}

async function compileStandalone(target: Target, output: string): Promise<boolean> {
  const missing = await $.progress(`Compiling ${output}`).with(() => buildStandalone(target, output));
  if (missing !== undefined) $.logWarn("no denort:", `${missing}; a file that unpacks itself is built instead`);
  return missing === undefined;
}
