/** A command's flags as a table of a file: each under its name in camelCase, checked as on a command line. */

import type { Command, Option } from "commander";
import { nearest } from "../../bytes/nearest.ts";
import type { Place } from "../../gateway/config/place.ts";
import type { RawSource } from "../../gateway/config/raw.ts";
import { secretsOf } from "../../gateway/config/settle/secret.ts";
import { isRepeatable } from "../flag.ts";

/** What is said of the whole process, and not of one part of it. */
const OF_THE_PROCESS = ["help", "config", "log"];

/** A table with the flags of a command. */
export type FlagTable = Readonly<Record<string, unknown>>;

/** The flags of a command that may stand in a file. */
export function flagsOfFile({ options }: Command): readonly Option[] {
  return options.filter((option) => !OF_THE_PROCESS.includes(option.attributeName()));
}

/**
 * Reads a table, noting all that is wrong with it.
 *
 * @param others names in it that are no flags: they are read elsewhere
 * @returns flags as the command's action gets them; variables give none
 */
export function readFlags(command: Command, place: Place, table: FlagTable, others: readonly string[] = []): FlagTable {
  const options = flagsOfFile(command);
  const flags: Record<string, unknown> = {};
  for (const option of options) {
    if (option.defaultValue !== undefined) flags[option.attributeName()] = option.defaultValue;
  }
  const known = [...others, ...options.map((option) => option.attributeName())];
  for (const [name, value] of Object.entries(table)) {
    if (others.includes(name)) continue;
    const option = options.find((option) => isNameOf(option, name));
    if (!option) {
      place.at(name).fault(`is not known here${hint(name, known)}`);
      continue;
    }
    const flag = option.attributeName();
    if (name !== flag && Object.hasOwn(table, flag)) place.at(name).fault(`says the same as ${flag}: keep one`);
    else flags[flag] = valueOf(option, place.at(name), value);
  }
  return flags;
}

/** What is said of flags and variables, said of members of a file. */
export function inWordsOfFile(text: string): string {
  const camel = (words: string) => words.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return text.replace(/--no-([a-z-]+)/g, (_, name: string) => `${camel(name)} = false`)
    .replace(/--([a-z-]+)/g, (_, name: string) => camel(name))
    .replace(/\bSLUICE_([A-Z_]+)/g, (_, name: string) => camel(name.toLowerCase()));
}

/** One that may be repeated reads better in the plural. */
function isNameOf(option: Option, name: string): boolean {
  const flag = option.attributeName();
  return name === flag || isRepeatable(option) && name === `${flag}s`;
}

function hint(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? `: known are ${known.join(", ")}` : `; did you mean ${meant}?`;
}

function valueOf(option: Option, place: Place, value: unknown): unknown {
  if (option.isBoolean() || option.negate) {
    return typeof value === "boolean" ? value : place.fault("is true or false");
  }
  if (option.attributeName() === "env") return variablesOf(place, value);
  const texts = Array.isArray(value)
    ? value.flatMap((item, index) => textsOf(option, place.at(index), item))
    : textsOf(option, place, value);
  // What is empty is not what is missing: it may have been meant to close a door.
  if (texts.length === 0 && place.reading.isCleanAt(place.path)) return place.fault("holds nothing: leave it out");
  if (texts.length > 1 && !isRepeatable(option)) return place.fault("has one value, and holds several");
  return texts.reduce((before: unknown, text) => parsed(option, place, text, before), undefined);
}

/** A text or a number, or where a secret is to be had; of a file that holds several, each line. */
function textsOf(option: Option, place: Place, value: unknown): readonly string[] {
  const isPath = isPathFlag(option);
  if (isSource(value) && !isPath) return secretsOf(place, value);
  if (typeof value === "string") return [isPath ? place.resolve(value) : value];
  if (Number.isSafeInteger(value) && !isPath) return [String(value)];
  place.fault(
    isPath ? "is the path of a file" : typeof value === "number" ? "is a text or a whole number" : "is a text",
  );
  return [];
}

/** True for a flag whose value is a path: relative ones begin in the file's folder. */
export function isPathFlag({ flags }: Option): boolean {
  return /<(file|folder)>/.test(flags);
}

function parsed(option: Option, place: Place, text: string, before: unknown): unknown {
  try {
    return option.parseArg ? option.parseArg(text, before) : text;
  } catch (error) {
    return place.fault(`can't be used: ${(error as Error).message}`);
  }
}

function isSource(value: unknown): value is RawSource {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([name, item]) => /^(?:env|file)$/.test(name) && typeof item === "string");
}

/** Variables of programs: a text each, or where it is to be had. */
function variablesOf(place: Place, value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    place.fault("is a table of variables");
    return {};
  }
  const entries = Object.entries(value).map(([name, item]): [string, string] => {
    const at = place.at(name);
    if (isSource(item)) return [name, secretsOf(at, item).join("\n")];
    if (typeof item !== "string") at.fault("is a text, or says where it is: { env = ... } or { file = ... }");
    return [name, String(item)];
  });
  return Object.fromEntries(entries);
}
