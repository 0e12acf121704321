/**
 * The small programs of the benchmark of warm processes, in each language: one prints a parameter and the method. The
 * same is written once for Sluice, once for CGI, and once for each rival that wants something else.
 */

import { findInterpreter, Languages, missingInterpreter } from "../../src/process/languages.ts";

/** A program in one language. */
export interface Handler {
  readonly name: string;
  readonly language: string;
  /** Its file's name in `programs/` and in `examples/services/`. */
  readonly file: string;
  /** A line that comes first, in every version of it. */
  readonly begin?: string;
  /** Wanted: requests/s at 8 and 64 connections as a multiple of those of the best server that starts processes cold. */
  readonly aim: number;
}

/** Paths of a handler's versions. */
export interface Programs {
  /** A script for Sluice. */
  service: string;
  /** An executable that names its interpreter. */
  cgi: string;
  /** What microcule evaluates; there is none where it can't run the language. */
  microcule: string;
  /** What php-fpm runs; for PHP alone. */
  fpm: string;
}

export const HANDLERS: readonly Handler[] = [
  { name: "Python", language: "python", file: "echo.py", aim: 12 },
  {
    name: "Python, six imports",
    language: "python",
    file: "echo.py",
    begin: "import datetime, email.message, json, re, sqlite3, urllib.request",
    aim: 30,
  },
  { name: "Ruby", language: "ruby", file: "echo.rb", aim: 35 },
  { name: "PHP", language: "php", file: "echo.php", aim: 15 },
  { name: "Perl", language: "perl", file: "echo.pl", aim: 2.5 },
  { name: "JavaScript", language: "javascript", file: "echo.js", aim: 12 },
];

/** What each of them answers to `?name=Ada`. */
export const ANSWER = "name=Ada\nmethod=GET\n";

const OWN = new URL("./programs/", import.meta.url).pathname;
const EXAMPLES = new URL("../../examples/services/", import.meta.url).pathname;
const DENO_FLAGS = "run --quiet --no-config --no-lock --allow-all --ext=js";

/** Writes a handler's executable, and its script where no configuration of ours and no other file has a say. */
export async function writePrograms({ language, file, begin }: Handler, base: string): Promise<Programs> {
  const dir = await Deno.makeTempDir({ dir: base });
  const programs = {
    service: `${dir}/${file}`,
    cgi: `${dir}/program.cgi`,
    microcule: `${OWN}microcule/${file}`,
    fpm: `${OWN}fpm/${file}`,
  };
  const head = begin === undefined ? "" : `${begin}\n`;
  await Deno.writeTextFile(programs.service, head + await Deno.readTextFile(EXAMPLES + file));
  const source = head + await Deno.readTextFile(`${OWN}cgi/${file}`);
  await Deno.writeTextFile(programs.cgi, `#!${firstLine(language)}\n${source}`, { mode: 0o755 });
  return programs;
}

/** The interpreter that Sluice takes, so that all run the same one. */
function firstLine(name: string): string {
  const language = new Languages().named(name);
  const interpreter = findInterpreter(language);
  if (interpreter === undefined) throw new Error(missingInterpreter(language));
  // The kernel passes one argument on, and Deno needs several.
  return name === "javascript" ? `/usr/bin/env -S ${interpreter} ${DENO_FLAGS}` : interpreter;
}
