/** The command line as JavaScript files that need nothing beside them. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import $ from "dax";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LAUNCHED = "scripts/build/launched";

/** The file of a bundle that is run. */
export const ENTRY = "sluice.js";

/** Where the package that checks OpenAPI documents reads its schemas from, which no bundler follows. */
const SCHEMA_PATH = "`./schemas/v${version}/schema.json`";

/**
 * Bundles the command line, in pieces, so that a command loads what it needs and no more. It is not minified: that takes
 * `using lock = await open(); await lock.lock()` for one expression, and then nothing is ever closed.
 *
 * @param folder where the files are written
 */
export async function bundleCli(folder: string): Promise<void> {
  const entries = [`${LAUNCHED}/sluice.ts`, `${LAUNCHED}/place.ts`];
  await $`deno bundle --quiet --platform deno --code-splitting --outdir ${folder} ${entries}`.cwd(ROOT).quiet();
  await addSchemas(folder);
}

/** Puts the schemas beside the code that reads them, under names that need no folders. */
async function addSchemas(folder: string): Promise<void> {
  const users: string[] = [];
  for (const { name } of Deno.readDirSync(folder)) {
    const file = join(folder, name);
    const text = await Deno.readTextFile(file);
    if (!text.includes(SCHEMA_PATH)) continue;
    users.push(name);
    await Deno.writeTextFile(file, text.replaceAll(SCHEMA_PATH, "`./openapi-v${version}.json`"));
  }
  if (users.length !== 1) {
    throw new Error(`Cannot bundle: ${users.length} files read schemas by ${SCHEMA_PATH}, not one`);
  }
  const schemas = fileURLToPath(new URL("schemas/", import.meta.resolve("@seriousme/openapi-schema-validator")));
  for (const version of ["v3.0", "v3.1"]) {
    await Deno.copyFile(join(schemas, version, "schema.json"), join(folder, `openapi-${version}.json`));
  }
}
