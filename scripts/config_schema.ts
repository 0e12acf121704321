/** Writes the schema of gateway files to docs/sluice.schema.json; with `--check` only says whether it is there already. */

import { configSchema } from "../src/gateway/config/schema.ts";

const FILE = new URL("../docs/sluice.schema.json", import.meta.url);

/** The file as it is and as it has to be. */
export async function schemaFile(): Promise<{ present: string; wanted: string }> {
  const present = await Deno.readTextFile(FILE).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  return { present, wanted: JSON.stringify(configSchema, null, 2) + "\n" };
}

if (import.meta.main) {
  const { present, wanted } = await schemaFile();
  if (present !== wanted) {
    if (Deno.args.includes("--check")) {
      console.error("docs/sluice.schema.json is not the schema of today: run deno run -A scripts/config_schema.ts");
      Deno.exit(1);
    }
    await Deno.writeTextFile(FILE, wanted);
  }
}
