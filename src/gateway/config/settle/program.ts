/** Programs: what is run, where, and with what. */

import { resolve } from "node:path";
import { nearest } from "../../../bytes/nearest.ts";
import { isRequestVariable } from "../../../process/environment.ts";
import { findCommand, isExecutable } from "../../../process/find_command.ts";
import type { ProcessLimitsConfig, ProgramConfig } from "../target_model.ts";
import type { Place } from "../place.ts";
import type { RawLimits, RawProgram, RawProgramDefaults, RawSecret, Some } from "../raw.ts";
import { splitWords } from "../split_words.ts";
import { secretOf } from "./secret.ts";
import { folderOf, kindOfFile, sizeOf, timeOf } from "./values.ts";

/** What all programs of a route have that do not say otherwise. */
export interface ProgramDefaults {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly warm: number | true;
  readonly logStdout: boolean;
  readonly limits: ProcessLimitsConfig | undefined;
}

/** What to run. */
type Named = Pick<ProgramConfig, "file" | "command" | "args">;

/** The system ends arguments and variables there. */
const NUL = "holds a NUL byte";

/** What to say of a variable that would never be seen. */
export const SET_BY_REQUEST = "has no effect: each request sets this variable";

/** What programs have where nothing is said of them. */
export function plainPrograms(folder: string): ProgramDefaults {
  return { env: {}, cwd: folder, warm: true, logStdout: false, limits: undefined };
}

/** Puts what is said of programs over what holds around. */
export function programDefaultsOf(place: Place, raw: RawProgramDefaults, around: ProgramDefaults): ProgramDefaults {
  const { env = {}, cwd, warm, logStdout, limits } = raw;
  return {
    env: { ...around.env, ...variablesOf(place.at("env"), env) },
    cwd: cwd === undefined ? around.cwd : folderOf(place.at("cwd"), cwd) ?? around.cwd,
    warm: warm === undefined ? around.warm : warm === false ? 0 : warm,
    logStdout: logStdout ?? around.logStdout,
    limits: limits === undefined ? around.limits : limits ? limitsOf(place.at("limits"), limits) : undefined,
  };
}

/** Reads a program; undefined, with a fault noted, when it can't be. */
export function programOf(
  place: Place,
  raw: string | RawProgram,
  around: ProgramDefaults,
): ProgramConfig | undefined {
  if (typeof raw === "string") {
    const named = wordsOf(place, raw, namedBy);
    return named && { ...plain, ...around, ...named };
  }
  const { language, mode, reuse = 1, type } = raw;
  if (type !== undefined && !isFieldValue(type)) place.at("type").fault("is no value that a header field may have");
  const named = namedOf(place, raw);
  if (named?.command) {
    if (language !== undefined) place.at("language").fault("has no effect on a command: name a file");
    if (mode === "service") place.at("mode").fault('can\'t be "service" for a command: name a file');
  }
  checkLanguage(place, language);
  if (named?.file !== undefined && language === undefined) checkFileLanguage(place.at("file"), named.file);
  return named &&
    { ...plain, ...programDefaultsOf(place, raw, around), ...named, language, mode, reuse, contentType: type };
}

/**
 * Reads a command of PATH and its arguments.
 *
 * @param folder where a relative path of a command begins; by default where all paths of the file do
 */
export function commandOf(
  place: Place,
  raw: Some<string>,
  around: ProgramDefaults,
  folder: string = place.surroundings.folder,
): ProgramConfig | undefined {
  const command = commandWords(place, raw, folder);
  return command && { ...plain, ...around, command };
}

const plain = {
  file: undefined,
  command: undefined,
  args: [],
  language: undefined,
  mode: undefined,
  reuse: 1,
  contentType: undefined,
};

/** A file if one is there or a path is meant, else a command. */
function namedBy(place: Place, [first, ...args]: readonly string[]): Named | undefined {
  const path = place.resolve(first);
  const isPath = first.includes("/");
  if (isPath || kindOfFile(path) === "file") {
    const file = programFile(place, first);
    if (file !== undefined) checkFileLanguage(place, file);
    return file === undefined ? undefined : { file, command: undefined, args };
  }
  if (findCommand(first)) return { file: undefined, command: [first, ...args], args: [] };
  return place.fault(`names ${first}, which is neither a file beside this one nor a command on PATH`);
}

function namedOf(place: Place, { file, command, args = [] }: RawProgram): Named | undefined {
  if ((file === undefined) === (command === undefined)) {
    return place.fault(
      file === undefined ? "names no program: give file or command" : "has both file and command: keep one",
    );
  }
  checkWords(place.at("args"), args);
  if (file !== undefined) {
    const path = programFile(place.at("file"), file);
    return path === undefined ? undefined : { file: path, command: undefined, args };
  }
  const words = commandWords(place.at("command"), command!);
  return words && { file: undefined, command: [...words, ...args], args: [] };
}

function programFile(place: Place, raw: string): string | undefined {
  const path = place.resolve(raw);
  if (kindOfFile(path) === "file" || kindOfFile(path) === "folder") return path;
  return place.fault(`names ${raw}, which is not there`);
}

function commandWords(
  place: Place,
  raw: Some<string>,
  folder: string = place.surroundings.folder,
): readonly string[] | undefined {
  const check = (place: Place, words: readonly string[]) => {
    const [first, ...args] = words;
    const name = first.includes("/") ? resolve(folder, first) : first;
    if (findCommand(name)) return [name, ...args];
    return place.fault(
      first.includes("/")
        ? `names ${first}, which is not there, or not executable`
        : `names ${first}, which is no command on PATH`,
    );
  };
  if (typeof raw === "string") return wordsOf(place, raw, check);
  const words = raw as readonly string[];
  return checkWords(place, words) ? check(place, words) : undefined;
}

/** True when a process can be given all of them; else faults are noted. */
function checkWords(place: Place, words: readonly string[]): boolean {
  const wrong = [...words.keys()].filter((index) => words[index].includes("\0"));
  for (const index of wrong) place.at(index).fault(NUL);
  return wrong.length === 0;
}

function wordsOf<T>(place: Place, text: string, read: (place: Place, words: readonly string[]) => T | undefined) {
  if (text.includes("\0")) return place.fault(NUL);
  try {
    const words = splitWords(text);
    return words.length > 0 && words[0] !== "" ? read(place, words) : place.fault("names no program");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return place.fault(`can't be parted into words: ${error.message[0].toLowerCase()}${error.message.slice(1)}`);
  }
}

function checkLanguage(place: Place, name: string | undefined): void {
  const { all } = place.surroundings.languages;
  const names = all.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  if (name === undefined || names.includes(name.toLowerCase())) return;
  const meant = nearest(name, names);
  place.at("language").fault(
    `names ${name}, which is no language${meant ? `; did you mean "${meant}"?` : ": `sluice languages` lists them"}`,
  );
}

/** A file whose language nothing tells can't be run. */
function checkFileLanguage(place: Place, file: string): void {
  if (kindOfFile(file) !== "file" || isExecutable(file)) return;
  try {
    place.surroundings.languages.ofFile(file);
  } catch {
    place.fault("names a file whose extension tells no language: make it executable (chmod +x), or give language");
  }
}

function variablesOf(place: Place, raw: Readonly<Record<string, RawSecret | true>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(raw).flatMap(([name, value]) => {
      const at = place.at(name);
      if (name === "" || /[=\0]/.test(name)) return at.fault("is no name of a variable") ?? [];
      if (isRequestVariable(name)) return at.fault(SET_BY_REQUEST) ?? [];
      const text = value === true ? secretOf(at, { env: name }) : secretOf(at, value);
      if (text?.includes("\0")) at.fault(NUL);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function limitsOf(place: Place, raw: RawLimits): ProcessLimitsConfig {
  const { cpu, memory, processes, openFiles, fileSize, cpus } = raw;
  return {
    cpuMs: timeOf(place.at("cpu"), cpu),
    memoryBytes: sizeOf(memory),
    processes,
    openFiles,
    fileBytes: sizeOf(fileSize),
    cpus,
  };
}

/** True for what may stand in a header field. */
export function isFieldValue(text: string): boolean {
  return /^[\x20-\x7e\t\x80-\xff]*$/.test(text) && text.trim() === text;
}
