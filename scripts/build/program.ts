/**
 * The command line as a system keeps it, unpacked: `usr/lib/sluice` and `usr/bin/sluice` below a folder.
 *
 * `deno run -A scripts/build/program.ts FOLDER` writes it for this machine.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleCli } from "./bundle.ts";
import { denoBinary } from "./deno_binary.ts";
import { FLAGS } from "./self_extracting.ts";
import { targetNamed } from "./targets.ts";
import { write } from "./tree.ts";

const START = fileURLToPath(new URL("../../packaging/debian/sluice.sh", import.meta.url));

/**
 * Writes it.
 *
 * @param root folder that will be `/`
 * @param deno path of Deno for its machine
 */
export async function writeProgram(root: string, deno: string): Promise<void> {
  const folder = join(root, "usr/lib/sluice");
  await Deno.mkdir(folder, { recursive: true });
  await bundleCli(folder);
  await Deno.remove(join(folder, "place.js")); // the last step of unpacking, of which there is none
  await Deno.copyFile(deno, join(folder, "deno"));
  await Deno.chmod(join(folder, "deno"), 0o755);
  const start = await Deno.readTextFile(START);
  await write(join(root, "usr/bin/sluice"), start.replace("@flags@", FLAGS.join(" ")), 0o755);
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (folder === undefined) throw new TypeError("Cannot write the program: name a folder");
  await writeProgram(folder, await denoBinary(targetNamed(Deno.build.target)));
}
