/** The executable for this machine, built when the one that is there is older than what it is made of. */

import { fileURLToPath } from "node:url";
import $ from "dax";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCES = ["deno.json", "deno.lock", "cli.ts", "src", "scripts/build", "scripts/compile.ts"];

/** Its path. */
export async function currentExecutable(): Promise<string> {
  const path = `${ROOT}dist/sluice`;
  const built = await Deno.stat(path).then(({ mtime }) => mtime!.getTime(), () => 0); // none is there
  if (SOURCES.some((source) => latestChange(ROOT + source) > built)) {
    await $`${Deno.execPath()} run -A scripts/compile.ts`.cwd(ROOT);
  }
  return path;
}

/** When a file, or anything in a folder, was changed last. */
function latestChange(path: string): number {
  const { isDirectory, mtime } = Deno.statSync(path);
  const within = isDirectory ? [...Deno.readDirSync(path)].map(({ name }) => latestChange(`${path}/${name}`)) : [];
  return Math.max(mtime!.getTime(), ...within);
}
