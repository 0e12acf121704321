/** The folders that servers write to: temporary files, and what is cached and run. */

import { join } from "node:path";
import { cacheDirectory, privateFolder } from "../cache.ts";
import { bad, type Finding, type HostCheck, ok, warn, wordsOf } from "./fact.ts";
import { mountOfFolder } from "./mounts.ts";

/** The checks. */
export const folders: readonly HostCheck[] = [
  { name: "temp folder", look: tempFolder },
  { name: "cache folder", look: cacheFolder },
];

/** Files of forms lie there, and what is longer than a variable may be. */
async function tempFolder(): Promise<Finding> {
  try {
    const file = await Deno.makeTempFile({ prefix: "sluice-doctor-" });
    await Deno.remove(file);
    return ok(`${join(file, "..")} can be written to`);
  } catch (error) {
    return bad(wordsOf(error), "set TMPDIR to a folder that can be written to");
  }
}

/** Runners lie there, and what compilers made. */
async function cacheFolder(): Promise<Finding> {
  const folder = cacheDirectory();
  try {
    const file = await Deno.makeTempFile({ dir: privateFolder("build"), prefix: "doctor-" });
    await Deno.remove(file);
  } catch (error) {
    return bad(wordsOf(error), "set SLUICE_CACHE_DIR to a folder of yours");
  }
  if ((await mountOfFolder(folder))?.options.has("noexec")) {
    return warn(
      `${folder} is mounted noexec: compiled programs can't be run`,
      "set SLUICE_CACHE_DIR to another folder",
    );
  }
  return ok(`${folder} can be written to, and run from`);
}
