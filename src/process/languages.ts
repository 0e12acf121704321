/** Languages by name and by file, those of a user's file before our own, and where their interpreters are. */

import { basename, extname } from "node:path";
import { findCommand, isExecutable } from "./find_command.ts";
import type { Language } from "./language.ts";
import { languages as builtIn } from "./language_table.ts";

/** Languages to choose from. */
export class Languages {
  /** All of them, in the order in which a file's extension is looked up. */
  readonly all: readonly Language[];

  /**
   * Makes a set.
   *
   * @param added languages that come before the built-in ones, and replace those of the same name
   */
  constructor(added: readonly Language[] = []) {
    const names = new Set(added.map((language) => language.name));
    this.all = [...added, ...builtIn.filter((language) => !names.has(language.name))];
  }

  /**
   * The language of a name or alias.
   *
   * @throws {TypeError} when there is none, with those there are
   */
  named(name: string): Language {
    const wanted = name.toLowerCase();
    const found = this.all.find((language) => language.name === wanted || language.aliases?.includes(wanted));
    if (found) return found;
    throw new TypeError(
      `Unknown language "${name}": known are ${this.all.map((language) => language.name).join(", ")}`,
    );
  }

  /**
   * The language of a file, by its extension, else by being executable.
   *
   * @throws {TypeError} when neither tells
   */
  ofFile(file: string): Language {
    const extension = extname(file).toLowerCase();
    const found = this.all.find((language) => language.extensions.includes(extension));
    if (found && extension !== "") return found;
    if (isExecutable(file)) return this.named("executable");
    throw new TypeError(
      `Cannot tell the language of ${file}: name it with --language, or make the file executable (chmod +x)`,
    );
  }
}

const found = new Map<string, string>();

/**
 * Path of a language's interpreter or compiler; undefined when none of its names is installed. A find is remembered, a
 * miss is not: it may be installed while we run.
 */
export function findInterpreter(language: Language): string | undefined {
  for (const name of language.interpreters ?? []) {
    const path = findTool(name);
    if (path) return path;
  }
}

/** Path of a command that runs programs. Deno is this process's own executable when it is not on PATH. */
export function findTool(name: string): string | undefined {
  const known = found.get(name);
  if (known && isExecutable(known)) return known;
  const path = (name === "deno" ? ownDeno() : undefined) ?? findCommand(name);
  if (path) found.set(name, path);
  return path;
}

function ownDeno(): string | undefined {
  const path = Deno.execPath();
  return /^deno(\.exe)?$/.test(basename(path)) && !Deno.build.standalone ? path : undefined;
}

/** What to say when a language can't be run here. */
export function missingInterpreter(language: Language): string {
  const names = language.interpreters!.join(" or ");
  const hint = /^[a-z0-9.+-]+$/.test(language.install ?? "") ? `apt-get install ${language.install}` : language.install;
  return `Cannot run ${language.name}: ${names} is not installed${hint ? `; install it: ${hint}` : ""}`;
}
