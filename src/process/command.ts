/** From what a user names (a file, code, a command) to the argument list that runs it. */

import { existsSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { build, expand, stem } from "./build.ts";
import { materialize } from "./cache.ts";
import { denoConfigFlags } from "./deno_config.ts";
import { findCommand, isExecutable } from "./find_command.ts";
import type { Language, WarmWay } from "./language.ts";
import { findInterpreter, findTool, type Languages, missingInterpreter } from "./languages.ts";
import { runnerFile, warmFile } from "./runners.ts";
import type { ScriptService } from "./script_service.ts";

/** How a program speaks; docs/programs.md describes the three. */
export type Mode = "plain" | "cgi" | "service";

/** What to run: exactly one of `file`, `code` and `command`. */
export interface CommandOptions {
  /** Path of a source or an executable. */
  readonly file?: string;
  /** Source text, or a function of JavaScript that is sent as its own text and so sees nothing around it. */
  readonly code?: string | ((service: ScriptService) => unknown);
  /** A command and its arguments; the command is looked up on PATH. */
  readonly command?: readonly string[];
  /** Arguments that follow the file. */
  readonly args?: readonly string[];
  /** Name of the language; by default that of the file's extension, and JavaScript for a function. */
  readonly language?: string;
  /** By default `service` where the language has a runner, else `plain`. */
  readonly mode?: Mode;
}

/** A program that can be started. */
export interface Command {
  /** Its language's name; undefined for a command. */
  readonly language: string | undefined;
  readonly mode: Mode;
  /** What to call it in logs. */
  readonly title: string;
  /** Gives the argument list, building the source where that is needed and `fresh` asks for it or it was not yet. */
  argv(fresh: boolean): Promise<readonly [string, ...string[]]>;
  /** Variables that the language's runner needs. */
  readonly env: Readonly<Record<string, string>>;
  /** How to keep its interpreter warm; undefined where the language can't be, or not in this mode. */
  readonly warm: WarmCommand | undefined;
}

/** What starts an interpreter that waits for runs: the argument list of a run, and more. */
export interface WarmCommand {
  readonly how: WarmWay["how"];
  readonly argv: readonly [string, ...string[]];
  /** Variables that make it wait. */
  readonly waitEnv: Readonly<Record<string, string>>;
  /** Files that it reads and never looks at again. */
  readonly sources: readonly string[];
}

/**
 * Finds out how to run a program. What can fail fails here, before the first request.
 *
 * @throws {TypeError} contradicting options, unknown language, missing interpreter
 * @throws {Deno.errors.NotFound} missing file
 * @throws {Deno.errors.PermissionDenied} unreadable file
 */
export function resolveCommand(options: CommandOptions, languages: Languages): Command {
  const given = (["file", "code", "command"] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1) {
    throw new TypeError(
      `Cannot tell what to run: give one of file, code, command; given are ${given.join(", ") || "none"}`,
    );
  }
  if (options.command) return resolveArguments(options.command, options);
  const language = chooseLanguage(options, languages);
  return resolveFile(options.file ?? codeFile(options.code!, language), language, options);
}

function chooseLanguage({ language, code, file, mode }: CommandOptions, languages: Languages): Language {
  if (language !== undefined) return languages.named(language);
  if (typeof code === "function") return languages.named("javascript");
  if (file === undefined) throw new TypeError("Cannot tell the language of the code: give language");
  const path = existing(file);
  return mode === "cgi" && namesInterpreter(path) ? languages.named("executable") : languages.ofFile(path);
}

function resolveArguments(command: readonly string[], options: CommandOptions): Command {
  const [name, ...args] = command;
  const path = name && findCommand(name);
  if (!path) {
    throw new Deno.errors.NotFound(`Cannot run ${name || "an empty command"}: it is not on PATH, or not executable`);
  }
  if (options.mode === "service") {
    throw new TypeError("Cannot run a command in service mode: that needs a language's runner");
  }
  const argv: readonly [string, ...string[]] = [path, ...args, ...options.args ?? []];
  const mode = options.mode ?? "plain";
  return { language: undefined, mode, title: name, env: {}, warm: undefined, argv: () => Promise.resolve(argv) };
}

function resolveFile(path: string, language: Language, options: CommandOptions): Command {
  const file = existing(path);
  const mode = options.mode ?? (language.runner ? "service" : "plain");
  if (mode === "service" && !language.runner) {
    throw new TypeError(`Cannot run ${language.name} in service mode: it has no runner; use plain or cgi`);
  }
  const interpreter = language.interpreters && findInterpreter(language);
  if (language.interpreters && !interpreter) throw new TypeError(missingInterpreter(language));
  const runner = mode === "service" ? runnerFile(language.runner!) : undefined;
  const template = runner ? language.run : language.direct ?? language.run;
  const args = options.args ?? [];
  const values = { interpreter: interpreter ?? "", runner: runner ?? "", file, stem: stem(file) };
  const argvWith = (more: Record<string, string>) => toArgv(template, { ...values, ...more }, args, language);

  let built: Promise<readonly [string, ...string[]]> | undefined;
  const buildArgv = async () => {
    const { out, directory } = await build(withTool(language), interpreter!, file);
    return argvWith({ out, dir: directory });
  };
  const argv = language.build ? undefined : argvWith({});
  const direct = argv && Promise.resolve(argv);
  return {
    language: language.name,
    mode,
    title: options.file ?? `${language.name} code`,
    env: runner ? runnerEnvironment(language, file) : {},
    warm: argv && language.warm && (runner || !language.runner) ? warmCommand(language.warm, argv, file) : undefined,
    argv: (fresh) => {
      if (direct) return direct;
      if (fresh || !built) {
        const attempt = built = buildArgv();
        // A failed build is tried again by the next request: the source may have been mended.
        attempt.catch(() => built === attempt && (built = undefined));
      }
      return built;
    },
  };
}

function warmCommand(way: WarmWay, argv: WarmCommand["argv"], file: string): WarmCommand {
  // What a user wants to have loaded ahead stands in a file named warm, beside the program.
  const sources = [file, join(dirname(file), `warm${extname(file)}`)];
  return { how: way.how, argv, waitEnv: { [way.variable ?? "SLUICE_WARM"]: warmFile(way.part) }, sources };
}

/** What a runner is told besides its arguments. */
function runnerEnvironment(language: Language, file: string): Record<string, string> {
  return {
    // Deno colours its errors whether or not a terminal reads them.
    ...(language.runner === "javascript.js" && { NO_COLOR: "1" }),
    ...(language.build && { SLUICE_SOURCE: file }),
  };
}

/** Fills the placeholders in; a first word that is a command's name becomes its path. */
function toArgv(
  template: readonly string[],
  values: Record<string, string>,
  args: readonly string[],
  language: Language,
): readonly [string, ...string[]] {
  const [first, ...rest] = template.flatMap((argument) =>
    argument === "{config}" ? denoConfigFlags(values.file) : [expand(argument, values)]
  );
  const path = first.startsWith("/") ? first : findTool(first);
  if (!path) throw new TypeError(`Cannot run ${language.name}: ${first} is not installed`);
  return [path, ...rest, ...args];
}

function withTool(language: Language): Language {
  const [first, ...rest] = language.build!;
  if (first.startsWith("{")) return language;
  const path = findTool(first);
  if (!path) throw new TypeError(`Cannot build ${language.name}: ${first} is not installed`);
  return { ...language, build: [path, ...rest] };
}

/** True for a script that names its interpreter and may be executed: a CGI server runs it so, options and all. */
function namesInterpreter(file: string): boolean {
  if (!isExecutable(file)) return false;
  using opened = Deno.openSync(file);
  const begin = new Uint8Array(2);
  return opened.readSync(begin) === 2 && begin[0] === 0x23 && begin[1] === 0x21;
}

/**
 * Absolute path of a file that is there and can be read. A folder stands for the `main` of its package.json, else for its
 * index.js, as in Node.js.
 */
function existing(path: string): string {
  return readableFile(isFolder(path) ? join(path, packageMain(resolve(path))) : path);
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // what is missing is named where it is opened
  }
}

function readableFile(path: string): string {
  const file = resolve(path);
  try {
    const info = Deno.statSync(file);
    if (!info.isFile) throw new TypeError(`Cannot run ${path}: it is not a file`);
    Deno.openSync(file).close();
    return file;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Deno.errors.NotFound(`No such file: ${path}`);
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new Deno.errors.PermissionDenied(`Cannot read ${path}: permission denied`);
    }
    throw error;
  }
}

function packageMain(folder: string): string {
  const file = join(folder, "package.json");
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch {
    if (existsSync(join(folder, "index.js"))) return "index.js"; // as Node.js does without a package.json
    throw new Deno.errors.NotFound(`Cannot run ${folder}: it has no package.json and no index.js; name a file`);
  }
  let main: unknown;
  try {
    main = JSON.parse(text).main;
  } catch (cause) {
    throw new TypeError(`Cannot run ${folder}: its package.json is not valid JSON`, { cause });
  }
  return typeof main === "string" ? main : "index.js";
}

function codeFile(code: NonNullable<CommandOptions["code"]>, language: Language): string {
  const text = typeof code === "function" ? `module.exports = ${code};\n` : code;
  const extension = typeof code === "function" ? ".cjs" : language.extensions[0] ?? "";
  return materialize("code", `code${extension}`, text);
}
