/** Writes the package for npm into dist/npm, or the folder that is named. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import metadata from "../deno.json" with { type: "json" };
import { bundleCli } from "./build/bundle.ts";
import { NODE_ENTRY, writeNodeSdk } from "./node_sdk.ts";
import { declarationsOf } from "./npm/declarations.ts";
import { noticesOf } from "./npm/notices.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** The version of Deno that the command line was tested with; npm's package of it has the same numbers. */
const DENO_VERSION = "2.9.6";

/** What npm is told. */
const PACKAGE = {
  name: metadata.name,
  version: metadata.version,
  description: "Any program as a streaming HTTP service; streams, a registry and a mesh for Node.js",
  license: metadata.license,
  type: "module",
  engines: { node: ">=20" },
  exports: {
    ".": { types: "./sluice.d.ts", default: "./sluice.js" },
    "./package.json": "./package.json",
  },
  bin: { sluice: "bin/sluice.js" },
  files: ["sluice.js", "sluice.d.ts", "bin", "cli", "NOTICES"],
  dependencies: { deno: DENO_VERSION },
};

/**
 * Writes it.
 *
 * @param folder is made, or is empty
 * @throws {Error} when something is in the folder, or a part can't be made
 */
export async function writeNpmPackage(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, "bin"), { recursive: true });
  const found = [...Deno.readDirSync(folder)].find(({ name }) => name !== "bin");
  if (found) throw new Error(`Cannot write the package into ${folder}: ${found.name} is there; name an empty folder`);
  await writeNodeSdk(join(folder, "sluice.js"));
  await Deno.writeTextFile(join(folder, "sluice.d.ts"), await declarationsOf(NODE_ENTRY));
  await bundleCli(join(folder, "cli"));
  await Deno.writeTextFile(join(folder, "NOTICES"), await noticesOf([NODE_ENTRY, join(ROOT, "cli.ts")]));
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(PACKAGE, null, 2) + "\n");
  await Deno.copyFile(join(ROOT, "scripts/npm/bin.mjs"), join(folder, "bin/sluice.js"));
  await Deno.chmod(join(folder, "bin/sluice.js"), 0o755);
  await Deno.copyFile(join(ROOT, "scripts/npm/README.md"), join(folder, "README.md"));
  await Deno.copyFile(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
}

if (import.meta.main) {
  const [named] = Deno.args;
  const folder = named ?? join(ROOT, "dist/npm");
  if (named === undefined) await Deno.remove(folder, { recursive: true }).catch(() => {/* it is not there */});
  await writeNpmPackage(folder);
  console.error(`Wrote ${folder}: npm pack, or npm publish, goes on from there`);
}
