/** Writes the mesh as one file for Node.js, dist/sluice-node.mjs or the file that is named. */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const ENTRY = fileURLToPath(new URL("node_sdk/mod.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Makes the file. @throws {Error} when that fails; the bundler is fetched once */
export async function writeNodeSdk(file: string): Promise<void> {
  await Deno.mkdir(dirname(file), { recursive: true });
  const args = ["bundle", "--platform", "deno", "--output", file, ENTRY];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (!success) throw new Error(`Cannot bundle ${ENTRY}: ${new TextDecoder().decode(stderr)}`);
}

if (import.meta.main) {
  const [file = fileURLToPath(new URL("../dist/sluice-node.mjs", import.meta.url))] = Deno.args;
  await writeNodeSdk(file);
  console.error(`Wrote ${file}`);
}
