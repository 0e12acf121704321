/** Which configuration Deno is to use for a script: the script's own. By itself it would look beside the runner. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Flags for the nearest configuration above a script: a deno.json names it, a package.json says that packages lie in its
 * node_modules, and where there is neither, none is used.
 *
 * @param file absolute path of the script
 */
export function denoConfigFlags(file: string): string[] {
  for (let folder = dirname(file);; folder = dirname(folder)) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      if (existsSync(join(folder, name))) return [`--config=${join(folder, name)}`];
    }
    if (existsSync(join(folder, "package.json"))) return ["--no-config", "--node-modules-dir=manual"];
    if (folder === dirname(folder)) return ["--no-config"];
  }
}
