/** The text of a file, by its extension, as data of which every part has its place. */

import { extname } from "node:path";
import { isDeeper } from "../../../bytes/json_depth.ts";
import { gatewayLimits } from "../../limits.ts";
import { ConfigError, type Fault, keyText, type Path } from "../fault.ts";
import type { Parsed, Problem } from "./parsed.ts";
import type { Position } from "./positions.ts";
import { parseToml } from "./toml_text.ts";
import { parseJson, parseYaml } from "./yaml_text.ts";

/** A file that was read. */
export interface ConfigDocument {
  /** As it was named. */
  readonly file: string;
  readonly data: unknown;
  /** Values that carry a tag of YAML that is not of the standard. */
  readonly tags: Parsed["tags"];
  /** The place of a key, else of what it would stand in. */
  positionOf(path: Path): Position;
}

const PARSERS: Readonly<Record<string, (text: string) => Parsed>> = {
  ".toml": parseToml,
  ".yaml": parseYaml,
  ".yml": parseYaml,
  ".json": parseJson,
};

/**
 * Reads the text of a file.
 *
 * @param file its name: the extension tells the format
 * @throws {ConfigError} for a text that is none of the format
 */
export function parseDocument(text: string, file: string): ConfigDocument {
  const parser = PARSERS[extname(file).toLowerCase()];
  if (!parser) throw whole(file, `has to be named with one of ${Object.keys(PARSERS).join(", ")} at its end`);
  const { data, positions, problems, tags } = parser(text);
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => toFault(file, problem)));
  if (isDeeper(data, gatewayLimits.configLevels)) {
    throw whole(file, `nests deeper than ${gatewayLimits.configLevels} levels`);
  }
  return { file, data, tags, positionOf: (path) => positions.of(path) };
}

/**
 * Reads a file's text.
 *
 * @throws {ConfigError} when it can't be read, is no text, or is too long
 */
export function readText(file: string): string {
  let bytes: Uint8Array;
  try {
    const { size, isFile } = Deno.statSync(file); // opened, a pipe would wait for somebody to write
    if (!isFile) throw whole(file, "is not a file");
    if (size > gatewayLimits.configBytes) {
      throw whole(file, `is longer than ${gatewayLimits.configBytes} bytes, which no file of routes is`);
    }
    bytes = Deno.readFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw whole(file, "is not there");
    if (error instanceof Deno.errors.PermissionDenied) throw whole(file, "can't be read: permission denied");
    throw error;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw whole(file, "is no text in UTF-8"); // what the decoder says adds nothing
  }
}

function whole(file: string, message: string): ConfigError {
  return new ConfigError([{ file, line: 1, column: 1, key: "", message }]);
}

function toFault(file: string, { position, path, message }: Problem): Fault {
  return { file, ...position, key: keyText(path), message };
}
