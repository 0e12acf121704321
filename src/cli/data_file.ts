/** Files that users write for us: TOML, YAML or JSON, by their extension. */

import { extname } from "node:path";
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml } from "yaml";

/**
 * Reads one.
 *
 * @throws {Error} naming the file
 */
export function readDataFile(path: string): unknown {
  const parsers: Record<string, (text: string) => unknown> = {
    ".toml": parseToml,
    ".yaml": parseYaml,
    ".yml": parseYaml,
    ".json": JSON.parse,
  };
  const parser = parsers[extname(path).toLowerCase()];
  if (!parser) throw new Error(`Cannot use ${path}: its name ends in none of ${Object.keys(parsers).join(", ")}`);
  try {
    return parser(Deno.readTextFileSync(path));
  } catch (cause) {
    throw new Error(`Cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
