/** The files of a project, as texts: nothing is written here. */

import { configSchema } from "../../gateway/config/schema.ts";
import { findInterpreter } from "../../process/languages.ts";
import { fill } from "./fill.ts";
import { isUnpacked, type OwnCommand } from "./own_command.ts";
import { shellWord, sourceWords } from "./quote.ts";
import { languageOf } from "./choose_template.ts";
import type { Template } from "./template.ts";
import gitignore from "./templates/shared/gitignore.txt" with { type: "text" };
import readme from "./templates/shared/README.md.txt" with { type: "text" };
import config from "./templates/shared/sluice.toml.txt" with { type: "text" };
import { type UnitFacts, writeUnit } from "./unit.ts";

/** What a project is made of. */
export interface ProjectSettings {
  readonly template: Template;
  readonly name: string;
  readonly port: number;
  /** Absolute path of the folder. */
  readonly folder: string;
  readonly command: OwnCommand;
}

/** One file of a project. */
export interface ProjectFile {
  readonly name: string;
  readonly text: string;
  readonly mode: number;
}

/** Makes the files. */
export function projectFiles(settings: ProjectSettings): readonly ProjectFile[] {
  const { template, name, port, command } = settings;
  const { script, mode, testFile, test, ignored = [] } = template;
  const values = {
    name,
    port: String(port),
    script,
    testFile,
    test,
    command: command.typed.map(shellWord).join(" "),
    run: mode === undefined ? `"./${script}"` : `{ file = "./${script}", mode = "${mode}" }`,
  };
  const words = sourceWords(command.typed, template.words);
  const texts = {
    ...template.files,
    "sluice.toml": config,
    "README.md": readme,
    ".gitignore": gitignore + ignored.map((line) => `${line}\n`).join(""),
  };
  const filled = Object.entries(texts).map(([file, text]) => fileOf(file, fill(text, values, words)));
  return [
    ...filled,
    fileOf(`${name}.service`, writeUnit(unitFacts(settings))),
    fileOf("sluice.schema.json", JSON.stringify(configSchema, null, 2) + "\n"),
  ];
}

/** What the unit is written from. */
export function unitFacts({ template, name, port, folder, command }: ProjectSettings): UnitFacts {
  const { words, runtime } = command;
  const found = findInterpreter(languageOf(template));
  // What an executable brings with it lies in a cache, and is found by the executable alone.
  const interpreter = isUnpacked() && found === Deno.execPath() ? undefined : found;
  return { name, port, folder, command: words, runtime, interpreter };
}

function fileOf(name: string, text: string): ProjectFile {
  return { name, text, mode: text.startsWith("#!") ? 0o755 : 0o644 };
}
