/**
 * Writes what needs no Deno as one file for Node.js, dist/sluice-node.mjs or the file that is named: clients of streams and
 * of registries, and nodes of the mesh.
 */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { hideCache } from "./npm/notices.ts";

/** What is offered to programs of Node.js. */
export const NODE_ENTRY: string = fileURLToPath(new URL("node_sdk/mod.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Makes the file. @throws {Error} when that fails; the bundler is fetched once */
export async function writeNodeSdk(file: string): Promise<void> {
  await Deno.mkdir(dirname(file), { recursive: true });
  const args = ["bundle", "--platform", "deno", "--output", file, NODE_ENTRY];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (!success) throw new Error(`Cannot bundle ${NODE_ENTRY}: ${new TextDecoder().decode(stderr)}`);
  await Deno.writeTextFile(file, hideCache(lower(await Deno.readTextFile(file))));
}

/** Says in the language of Node.js 20 what it has only in later versions: `using`. */
function lower(text: string): string {
  const { ES2022: target } = ts.ScriptTarget;
  return ts.transpileModule(text, { compilerOptions: { target, module: ts.ModuleKind.ESNext } }).outputText;
}

if (import.meta.main) {
  const [file = fileURLToPath(new URL("../dist/sluice-node.mjs", import.meta.url))] = Deno.args;
  await writeNodeSdk(file);
  console.error(`Wrote ${file}`);
}
