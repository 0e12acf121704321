/** Reads TOML. */

import { parse, TomlError } from "smol-toml";
import { type Parsed, unreadable } from "./parsed.ts";
import { Positions } from "./positions.ts";
import { tomlPositions } from "./toml_keys.ts";

/** Reads a text, or says why it is no TOML. */
export function parseToml(text: string): Parsed {
  try {
    return { data: parse(text), positions: tomlPositions(text), problems: [], tags: [] };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column, message } = error;
    // Behind the first line the parser shows the text around, which has a line of its own in ours.
    const reason = message.split("\n", 1)[0].replace(/^Invalid TOML document: /, "");
    return unreadable(new Positions(text), { line, column }, `is no valid TOML: ${reason}`);
  }
}
