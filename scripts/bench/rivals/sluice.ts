/** Sluice, as its users start it. */

import { saysWhere, startServer } from "../processes.ts";
import type { Rival } from "./rival.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Sluice with further flags of `serve`, such as `--timeout`. */
export function sluice(name = "Sluice", flags: readonly string[] = []): Rival {
  return {
    name,
    compiles: true,
    start: (program, { dir, signal }) =>
      startServer([Deno.execPath(), "run", "-A", "cli.ts", "serve", "-p", "0", ...flags, "--", program], {
        dir,
        ready: saysWhere,
        signal,
        cwd: ROOT,
      }),
  };
}
