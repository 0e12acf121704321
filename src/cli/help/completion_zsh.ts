/** Completion for zsh: a function for each command, whose options and arguments \`_arguments\` reads. It starts nothing. */

import {
  type ArgumentModel,
  type CommandModel,
  endsAtProgram,
  everyCommand,
  type OptionModel,
  withDefault,
} from "./command_tree.ts";
import { quote } from "./shell_quote.ts";

/** The script: a file `_sluice` on fpath, or something to source. */
export function zshCompletion(root: CommandModel): string {
  const commands = everyCommand(root);
  return [
    HEAD,
    belowFunction(commands),
    HELPERS,
    ...commands.map(withDefault).map(commandFunction),
    TAIL,
  ].join("\n");
}

/** Offers the commands below one, with what they do. */
function belowFunction(commands: readonly CommandModel[]): string {
  const cases = commands.filter((command) => command.commands.length > 0).map((command) => {
    const entries = command.commands.map(({ path, description }) => {
      return `        ${quote(`${escapeColons(path.at(-1)!)}:${description}`)}\n`;
    });
    return `    ${quote(command.path.join(" "))})\n      commands=(\n${entries.join("")}      ) ;;\n`;
  });
  return `# Offers the commands below one.
_sluice_below() {
  local -a commands
  case $1 in
${cases.join("")}  esac
  _describe -t commands 'command' commands
}
`;
}

function commandFunction(command: CommandModel): string {
  const specs = [...command.options.flatMap((option) => optionSpecs(option, command)), ...argumentSpecs(command)];
  const lines = specs.map((spec) => ` \\\n    ${quote(spec)}`).join("");
  const stop = endsAtProgram(command) || command.commands.length > 0 ? ` -A '-*'` : "";
  const begin = command.runsCommand ? "  _sluice_behind_dashes && return\n" : "";
  const body = command.commands.length > 0 ? groupBody(command, stop, lines) : `  _arguments -s -S${stop} :${lines}\n`;
  return `${functionName(command)}() {\n${begin}${body}}\n`;
}

/** A command of commands: the next word is one of them, and the rest of the line is its own. */
function groupBody({ path, commands, arguments: [program] }: CommandModel, stop: string, lines: string): string {
  const cases = commands.map((below) => `        ${quote(below.path.at(-1)!)}) ${functionName(below)} ;;\n`);
  const own = program ? "        *) _files ;;\n" : "";
  const first = program
    ? `_alternative 'commands:command: _sluice_below ""' 'files:program:_files'`
    : `_sluice_below ${quote(path.join(" "))}`;
  return `  local curcontext=$curcontext context state state_descr line
  typeset -A opt_args
  _arguments -s -S -C${stop} :${lines} \\
    '1: :->first' '*:: :->rest' && return
  case $state in
    first) ${first} ;;
    rest)
      case $words[1] in
${cases.join("")}${own}      esac ;;
  esac
`;
}

function optionSpecs(option: OptionModel, { options }: CommandModel): string[] {
  const { names, value, description, isRepeatable, subject } = option;
  const others = options.filter((other) => other.subject === subject).flatMap(({ names }) => names);
  const begin = isRepeatable ? "*" : others.length > 1 ? `(${others.join(" ")})` : "";
  const end = value ? `:${escapeColons(value.name)}:${actionOf({ ...value, choices: option.choices })}` : "";
  return names.map((name) => {
    const join = value ? name.startsWith("--") ? "=" : "+" : "";
    return `${begin}${name}${join}[${escapeBrackets(description)}]${end}`;
  });
}

function argumentSpecs({ commands, arguments: all }: CommandModel): string[] {
  if (commands.length > 0) return []; // its program stands where a command may stand
  return all.map((argument) => {
    const { name, isRequired, isVariadic } = argument;
    const begin = isVariadic ? "*:" : isRequired ? ":" : "::";
    return `${begin}${escapeColons(name)}:${actionOf(argument)}`;
  });
}

/** What completes a value. The shell evaluates choices once more. */
function actionOf({ kind, choices }: Pick<ArgumentModel, "kind" | "choices">): string {
  if (choices.length > 0) return `(${choices.map((choice) => escapeColons(quote(choice))).join(" ")})`;
  return ACTIONS[kind];
}

const ACTIONS: Readonly<Record<ArgumentModel["kind"], string>> = {
  text: " ",
  port: " ",
  file: "_files",
  folder: "_directories",
  program: "_sluice_program",
  command: "_sluice_named",
};

function functionName({ path }: CommandModel): string {
  return ["_sluice", ...path.map((word) => word.replace(/[^a-z0-9]/g, "_"))].join("_");
}

function escapeColons(text: string): string {
  return text.replace(/[\\:]/g, "\\$&");
}

function escapeBrackets(text: string): string {
  return text.replace(/[\\[\]:]/g, "\\$&");
}

const HEAD = `#compdef sluice
# Completion of sluice for zsh, written by: sluice completions zsh
`;

const HELPERS = `# Offers programs: files and commands, behind the name that one gets.
_sluice_program() {
  compset -P '*='
  _alternative 'files:program:_files' 'commands:command:_command_names -e'
}

# Offers commands of sluice where they are named, one word each.
_sluice_named() {
  _sluice_below "\${(j: :)\${(@)words[2,CURRENT-1]:#-*}}"
}

# Completes the command of the system behind --, if the cursor is there.
_sluice_behind_dashes() {
  local dashes=\${words[(i)--]}
  (( dashes < CURRENT )) || return 1
  shift $dashes words
  (( CURRENT -= dashes ))
  _normal
}
`;

const TAIL = `if [[ $funcstack[1] == _sluice ]]; then
  _sluice "$@"
else
  compdef _sluice sluice
fi
`;
