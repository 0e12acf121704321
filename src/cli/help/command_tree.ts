/**
 * The commands as plain data: what `--help` shows, read once more for completions, manual pages and docs/cli.md. Nothing
 * of these is written twice, so that none of them can say what another does not.
 */

import type { Argument, Command, Option } from "commander";
import { isRepeatable } from "../flag.ts";

/** What a value is, by its placeholder: what a shell can complete it with. */
export type ValueKind = "text" | "file" | "folder" | "port" | "program" | "command";

/** What stands behind the name of a command. */
export interface ArgumentModel {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  readonly kind: ValueKind;
  readonly choices: readonly string[];
  /** The variable that gives it. */
  readonly variable?: string;
}

/** The value of an option. */
export interface OptionValue {
  /** Its placeholder, such as `port`. */
  readonly name: string;
  readonly kind: ValueKind;
}

/** An option. */
export interface OptionModel {
  /** Its names, the short one first: `-p`, `--port`. */
  readonly names: readonly string[];
  /** Missing when its presence says all. */
  readonly value?: OptionValue;
  readonly description: string;
  readonly choices: readonly string[];
  /** In words for people; missing when there is none worth a word. */
  readonly preset?: string;
  /** The variable that gives it. */
  readonly variable?: string;
  readonly isRepeatable: boolean;
  /** Options with the same subject exclude each other: `--color`, `--no-color`. */
  readonly subject: string;
}

/** A command. */
export interface CommandModel {
  /** The words behind `sluice`: none for `sluice` itself. */
  readonly path: readonly string[];
  /** All its words: `sluice registry listen`. */
  readonly name: string;
  readonly description: string;
  /** Whole lines, one for each way to call it. */
  readonly usage: readonly string[];
  readonly arguments: readonly ArgumentModel[];
  readonly options: readonly OptionModel[];
  readonly commands: readonly CommandModel[];
  /** Whether a command of the system stands behind `--`. */
  readonly runsCommand: boolean;
}

/** What a program is given to that stands in front of no command: `sluice hello.py`. */
export const DEFAULT_COMMAND = "serve";

const KINDS: Readonly<Record<string, ValueKind>> = {
  file: "file",
  document: "file",
  keys: "file",
  args: "file",
  folder: "folder",
  port: "port",
  program: "program",
  services: "program",
  command: "command",
};

/** Reads a command and all below it; what is hidden is left out. */
export function readCommand(command: Command, parents: readonly string[] = []): CommandModel {
  const words = [...parents, command.name()];
  const help = command.createHelp();
  return {
    path: words.slice(1),
    name: words.join(" "),
    description: command.description(),
    usage: usageLines(words.join(" "), command),
    arguments: command.registeredArguments.map(readArgument),
    options: help.visibleOptions(command).map(readOption),
    commands: help.visibleCommands(command).map((below) => readCommand(below, words)),
    runsCommand: command.usage().includes(" -- COMMAND"),
  };
}

/** A command and all below it, in the order of `--help`. */
export function everyCommand(root: CommandModel): readonly CommandModel[] {
  return [root, ...root.commands.flatMap(everyCommand)];
}

/** Whether all that stands behind the first argument of a command is its program's own, options too. */
export function endsAtProgram({ arguments: [first] }: CommandModel): boolean {
  return first !== undefined && first.kind === "program" && !first.isVariadic;
}

/** What a command has besides its own: a program may stand behind `sluice` itself, and options of its command before it. */
export function withDefault(command: CommandModel): CommandModel {
  const own = command.path.length === 0 && command.commands.find(({ path }) => path[0] === DEFAULT_COMMAND);
  return own ? { ...command, arguments: own.arguments, options: mergeOptions(command.options, own.options) } : command;
}

function mergeOptions(some: readonly OptionModel[], others: readonly OptionModel[]): readonly OptionModel[] {
  const subjects = new Set(some.map(({ subject }) => subject));
  return [...some, ...others.filter(({ subject }) => !subjects.has(subject))];
}

/** Reads an option. */
export function readOption(option: Option): OptionModel {
  const { short, long, description, argChoices, envVar } = option;
  const placeholder = /[<[](.+)[>\]]$/.exec(option.flags)?.[1];
  return {
    names: [short, long].filter((name) => name !== undefined),
    value: placeholder === undefined ? undefined : { name: placeholder, kind: kindOf(placeholder) },
    description: description.replace(PRESET, ""),
    choices: argChoices ?? [],
    preset: presetOf(option),
    variable: envVar,
    isRepeatable: isRepeatable(option),
    subject: option.attributeName(),
  };
}

/** How a command is called, each way in a line. Placeholders are in capitals there, as those that are written by hand. */
export function usageLines(name: string, command: Command): readonly string[] {
  const [first, ...others] = command.usage().split("\n").map((line) => line.trim());
  return [`${name} ${first}`, ...others].map((line) => {
    return line.replace(/<([a-z.]+)>|\[[a-z.]+\]/g, (word, name?: string) => (name ?? word).toUpperCase());
  });
}

/** A default that is no value, such as one that others decide, stands in the text. */
const PRESET = / \(default: ([^()]+)\)/;

/** A default in words: a flag that is merely absent has none. */
function presetOf({ description, defaultValue, defaultValueDescription }: Option): string | undefined {
  const preset = defaultValueDescription ?? PRESET.exec(description)?.[1];
  if (preset !== undefined) return preset;
  return defaultValue === undefined || typeof defaultValue === "boolean" ? undefined : String(defaultValue);
}

function readArgument(argument: Argument): ArgumentModel {
  return {
    name: argument.name(),
    description: argument.description,
    isRequired: argument.required,
    isVariadic: argument.variadic,
    kind: kindOf(argument.name()),
    choices: argument.argChoices ?? [],
    variable: /\(env: (\w+)\)/.exec(argument.description)?.[1],
  };
}

function kindOf(placeholder: string): ValueKind {
  return KINDS[placeholder] ?? "text";
}
