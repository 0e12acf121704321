/** The list behind `sluice languages`. */

import { findInterpreter } from "../../process/languages.ts";
import type { Language } from "../../process/language.ts";
import { versionNumber } from "../../process/version.ts";
import { loadLanguages } from "./language_file.ts";
import { writeStdout } from "../output.ts";
import { type Cell, tableText } from "../terminal/table.ts";
import { type Terminal, terminal } from "../terminal/terminal.ts";

/** What flags gave. */
export interface LanguagesFlags {
  readonly languages?: string;
  readonly json: boolean;
  readonly color?: boolean;
}

/** One row of the list. */
interface Row {
  readonly name: string;
  readonly extensions: readonly string[];
  readonly mode: "plain" | "service";
  readonly compiled: boolean;
  /** How its interpreter is kept warm; null where it is not. */
  readonly warm: "fork" | "ahead" | null;
  /** Path of what runs or compiles it; null when it is missing. */
  readonly interpreter: string | null;
  readonly version: string | null;
  /** What to install. */
  readonly install: string | null;
}

/** Looks for each interpreter, and prints what was found. */
export async function listLanguages(flags: LanguagesFlags): Promise<void> {
  const known = loadLanguages(flags.languages).all.filter((language) => language.interpreters);
  const rows = await Promise.all(known.map(describe));
  writeStdout(flags.json ? JSON.stringify(rows, null, 2) + "\n" : table(rows, terminal("stdout", flags.color)));
}

async function describe(language: Language): Promise<Row> {
  const interpreter = findInterpreter(language) ?? null;
  return {
    name: language.name,
    extensions: language.extensions,
    mode: language.runner ? "service" : "plain",
    compiled: language.build !== undefined,
    warm: language.warm?.how ?? null,
    interpreter,
    version: interpreter && await versionNumber(language, interpreter),
    install: language.install ?? null,
  };
}

function table(rows: readonly Row[], where: Terminal): string {
  const cells = rows.map((row): Cell[] => [
    row.name,
    row.extensions.join(" ") || "-",
    row.mode + (row.compiled ? ", compiled" : "") + (row.warm ? `, warm (${row.warm})` : ""),
    row.version ?? "-",
    row.interpreter ?? { text: `not found${row.install ? `: install ${row.install}` : ""}`, style: "yellow" },
  ]);
  return tableText(["LANGUAGE", "EXTENSIONS", "MODE", "VERSION", "INTERPRETER"], cells, where);
}
