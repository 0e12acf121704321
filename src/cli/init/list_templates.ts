/** The list behind `sluice init --list`. */

import { findInterpreter } from "../../process/languages.ts";
import { writeStdout } from "../output.ts";
import { type Cell, tableText } from "../terminal/table.ts";
import { type Terminal, terminal } from "../terminal/terminal.ts";
import type { InitFlags } from "./choices.ts";
import { languageOf } from "./choose_template.ts";
import type { Template } from "./template.ts";
import { templates } from "./templates.ts";

/** One row of the list. */
interface Row {
  readonly name: string;
  readonly program: string;
  readonly mode: "service" | "cgi";
  readonly test: string;
  /** Path of what runs or compiles it; null when it is missing. */
  readonly interpreter: string | null;
  /** What to install. */
  readonly install: string | null;
}

/** Prints the templates, and whether their interpreters are here. */
export function listTemplates({ json, color }: Pick<InitFlags, "json" | "color">): void {
  const rows = templates.map(describe);
  writeStdout(json ? JSON.stringify(rows, null, 2) + "\n" : table(rows, terminal("stdout", color)));
}

function describe(template: Template): Row {
  const language = languageOf(template);
  return {
    name: template.name,
    program: template.script,
    mode: template.mode ?? "service",
    test: template.test,
    interpreter: findInterpreter(language) ?? null,
    install: language.install ?? null,
  };
}

function table(rows: readonly Row[], where: Terminal): string {
  const cells = rows.map(({ name, program, mode, test, interpreter, install }): Cell[] => [
    ...[name, program, mode, test],
    interpreter ?? { text: `not found${install ? `: install ${install}` : ""}`, style: "yellow" },
  ]);
  return tableText(["TEMPLATE", "PROGRAM", "MODE", "TEST", "INTERPRETER"], cells, where);
}
