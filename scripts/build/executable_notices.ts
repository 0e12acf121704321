/** The licences of what the executable holds besides our own code: Deno, and the packages that the command line uses. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { noticesOf } from "../npm/notices.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Their text. */
export async function executableNotices(): Promise<string> {
  // Deno's licence has the words of ours, and another holder.
  const ours = await Deno.readTextFile(join(ROOT, "LICENSE"));
  const licence = ours.replace(/^Copyright .*$/m, "Copyright 2018-2026 the Deno authors");
  const others =
    `It holds V8 ${Deno.version.v8} (BSD-3-Clause, the V8 project authors), and more under the licences that ` +
    "its sources name.";
  const deno = `deno ${Deno.version.deno}\n\n${licence.trim()}\n\n${others}\n\n${"-".repeat(80)}\n\n`;
  return deno + await noticesOf([join(ROOT, "cli.ts")]);
}
