/** The executable as `deno compile` makes it, with Deno's runtime for executables, `denort`. */

import { join } from "node:path";
import $ from "dax";
import { bundleCli, ENTRY } from "./bundle.ts";
import type { Target } from "./targets.ts";

/**
 * Tries to build the file.
 *
 * @returns undefined when it is there; why there is no `denort` otherwise
 */
export async function buildStandalone(target: Target, output: string): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-compile-" });
  // It replaces no file but one that it has made itself, and wants this ending for Windows.
  const draft = `${output}.${crypto.randomUUID()}${target.name.includes("windows") ? ".exe" : ""}`;
  try {
    await bundleCli(folder);
    const settings = [
      "--no-check",
      "--no-config",
      "--no-lock",
      "-A",
      "--unstable-kv",
      "--target",
      target.name,
      "--output",
      draft,
    ];
    const include = [...Deno.readDirSync(folder)].flatMap(({ name }) => ["--include", join(folder, name)]);
    const { code, stderr } = await $`deno compile ${settings} ${include} ${join(folder, ENTRY)}`
      .env({ NO_COLOR: "1", RUST_BACKTRACE: undefined }).stderr("piped").stdout("null").noThrow();
    if (code === 0) {
      await Deno.rename(draft, output);
      return undefined;
    }
    if (!/denort|base binary/i.test(stderr)) throw new Error(`Cannot compile ${output}: ${stderr}`);
    return /error sending request|dns error|404/.exec(stderr) ? "it can't be downloaded" : lastLine(stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
