/** Languages that a user adds with a file and no code. */

import { Ajv2020 } from "ajv/dist/2020.js";
import { join } from "node:path";
import { runnerNames } from "../../process/runners.ts";
import type { Language } from "../../process/language.ts";
import { Languages } from "../../process/languages.ts";
import { readDataFile } from "../data_file.ts";

const strings = { type: "array", items: { type: "string", minLength: 1 }, minItems: 1 };

/** JSON Schema of the file: languages by name, each with the members of `Language`. */
const SCHEMA = {
  type: "object",
  required: ["languages"],
  additionalProperties: false,
  properties: {
    languages: {
      type: "object",
      propertyNames: { pattern: "^[a-z][a-z0-9+_-]*$" },
      additionalProperties: {
        type: "object",
        required: ["run"],
        additionalProperties: false,
        properties: {
          aliases: strings,
          extensions: { type: "array", items: { type: "string", pattern: "^\\.[^/A-Z]+$" } },
          interpreters: strings,
          run: strings,
          direct: strings,
          build: strings,
          runner: { enum: runnerNames },
          versionArgs: { type: "array", items: { type: "string" } },
          install: { type: "string" },
        },
      },
    },
  },
};

/**
 * Reads languages from a TOML, YAML or JSON file, by its extension.
 *
 * @param file path; by default `languages.toml` in `$XDG_CONFIG_HOME/sluice` or `~/.config/sluice`, if there is one
 * @throws {Error} naming the file and the member that is wrong
 */
export function loadLanguages(file?: string): Languages {
  const path = file ?? defaultFile();
  if (path === undefined) return new Languages();
  const data = readDataFile(path);
  const ajv = new Ajv2020({ allErrors: true });
  if (!ajv.validate(SCHEMA, data)) {
    const faults = ajv.errors!.map(({ instancePath, message, params }) => {
      const known = params.additionalProperty ?? params.allowedValues?.join(", ");
      return `${instancePath || "/"} ${message}${known ? `: ${known}` : ""}`;
    });
    throw new Error(`Cannot use ${path}: ${faults.join("; ")}`);
  }
  checkPlaceholders(path, data);
  const { languages } = data as { languages: Record<string, Partial<Language> & Pick<Language, "run">> };
  return new Languages(
    Object.entries(languages).map(([name, language]) => ({ extensions: [], ...language, name })),
  );
}

const PLACEHOLDERS = ["interpreter", "runner", "file", "dir", "copy", "out", "stem", "config"];

/** A misspelt placeholder would reach the interpreter as text. */
function checkPlaceholders(path: string, data: unknown): void {
  const unknown = [...JSON.stringify(data).matchAll(/\{([a-z]+)\}/g)].find(([, name]) => !PLACEHOLDERS.includes(name));
  if (!unknown) return;
  throw new Error(`Cannot use ${path}: ${unknown[0]} stands for nothing; known are {${PLACEHOLDERS.join("}, {")}}`);
}

function defaultFile(): string | undefined {
  const home = Deno.env.get("HOME");
  const base = Deno.env.get("XDG_CONFIG_HOME") || (home && join(home, ".config"));
  const path = base && join(base, "sluice", "languages.toml");
  try {
    return path && Deno.statSync(path).isFile ? path : undefined;
  } catch {
    return undefined; // most users have none
  }
}
