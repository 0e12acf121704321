/** How tests start the command line: from its sources, or as the executable that SLUICE_EXECUTABLE names. */

import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../cli.ts", import.meta.url));

/** The words that a command line begins with, wherever it is run from. */
export function sluiceCommand(): string[] {
  const executable = Deno.env.get("SLUICE_EXECUTABLE");
  return executable ? [executable] : [Deno.execPath(), "run", "-A", CLI];
}

/** The same as a shell reads it. */
export function sluiceLine(): string {
  return sluiceCommand().map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}
