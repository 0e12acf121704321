/** What a project is to be: by flags, by answers at a terminal, else by default; each checked in the same way. */

import { basename, resolve } from "node:path";
import { findInterpreter } from "../../process/languages.ts";
import { UsageError } from "../usage.ts";
import { servicePort } from "../values.ts";
import { DEFAULT_TEMPLATE, languageOf, templateNamed } from "./choose_template.ts";
import { initLimits } from "./limits.ts";
import { ask, canAsk } from "./questions.ts";
import type { Template } from "./template.ts";
import { templates } from "./templates.ts";

/** What flags gave. */
export interface InitFlags {
  readonly list: boolean;
  readonly json: boolean;
  readonly name?: string;
  readonly dir?: string;
  readonly port?: number;
  readonly force: boolean;
  readonly yes: boolean;
  readonly color?: boolean;
}

/** What was chosen. */
export interface Choices {
  readonly template: Template;
  readonly name: string;
  readonly port: number;
  /** Absolute path. */
  readonly folder: string;
}

const DEFAULT_NAME = "hello";
const DEFAULT_PORT = 8080;

/**
 * Chooses; asks only for what was not given, and only a person at a terminal.
 *
 * @throws {UsageError} for what can't be
 */
export function choose(wanted: string | undefined, { dir, yes, ...given }: InitFlags): Choices {
  const asks = !yes && canAsk();
  const decide = <T>(question: string, preset: string, read: (answer: string) => T): T =>
    asks ? ask(question, preset, read) : read(preset);
  // What was given is checked before anything is asked.
  if (given.name !== undefined) checkName(given.name);
  const folder = dir === undefined ? undefined : checkFolder(resolve(dir));
  const template = wanted === undefined ? undefined : templateNamed(wanted);
  const name = given.name ?? decide("Name", presetName(folder), checkName);
  return {
    name,
    template: template ?? decide(`Language: ${listed()}`, asks ? presetTemplate() : DEFAULT_TEMPLATE, templateNamed),
    port: given.port ?? decide("Port", String(DEFAULT_PORT), servicePort),
    folder: folder ?? checkFolder(resolve(name)),
  };
}

/** A name that is the same in a path, in TOML, in a unit and in a go.mod: nothing has to be escaped anywhere. */
function checkName(name: string): string {
  if (/^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/.test(name) && name.length <= initLimits.nameCharacters) return name;
  throw new UsageError(
    `Cannot call a project ${JSON.stringify(name)}: a name is lower-case letters and digits, parted by - or _, ` +
      `${initLimits.nameCharacters} characters at most; such as hello or price-list`,
  );
}

/** Files are written line by line, and a path with a control character would end one. */
function checkFolder(path: string): string {
  if (!/\p{C}/u.test(path)) return path;
  throw new UsageError(
    `Cannot write into ${JSON.stringify(path)}: control characters are in its path; name another one with --dir`,
  );
}

/** The folder's own name, where it is one for a project. */
function presetName(folder: string | undefined): string {
  if (folder === undefined) return DEFAULT_NAME;
  try {
    return checkName(basename(folder));
  } catch {
    return DEFAULT_NAME; // it was not meant as a name
  }
}

function isHere(template: Template): boolean {
  return findInterpreter(languageOf(template)) !== undefined;
}

function presetTemplate(): string {
  const here = templates.filter(isHere);
  return (here.find(({ name }) => name === DEFAULT_TEMPLATE) ?? here[0] ?? templates[0]).name;
}

/** Those that can be run here come first. */
function listed(): string {
  const names = (of: readonly Template[]) => of.map(({ name }) => name).join(", ");
  const missing = templates.filter((template) => !isHere(template));
  return names(templates.filter(isHere)) + (missing.length > 0 ? `; not installed: ${names(missing)}` : "");
}
