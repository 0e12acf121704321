/** Completion for fish: a rule for each command, option and argument, with the place where it holds. It starts nothing. */

import {
  type ArgumentModel,
  type CommandModel,
  endsAtProgram,
  everyCommand,
  type OptionModel,
  withDefault,
} from "./command_tree.ts";
import { quoteFish } from "./shell_quote.ts";

/** The script. */
export function fishCompletion(root: CommandModel): string {
  const commands = everyCommand(root).map(withDefault);
  return [
    HEAD,
    readFunction(commands),
    belowFunction(commands),
    CONDITIONS,
    ...commands.map(commandRules),
  ].join("\n");
}

/** The function that finds out where the cursor is. */
function readFunction(commands: readonly CommandModel[]): string {
  const paths = (some: readonly CommandModel[]) => some.map(({ path }) => quoteFish(path.join(" "))).join(" ");
  const known = paths(commands.slice(1));
  const values = commands.flatMap((command) => {
    const options = command.options.filter(({ value }) => value);
    return options.flatMap(({ names }) => names).map((name) => quoteFish(`${command.path.join(" ")}|${name}`));
  });
  return `# Reads the words before the cursor: the command, its arguments and options so far, whether options have ended ("no",
# "yes", or "runs" where a command of the system follows), and whether an option waits for its value. All rules ask, so
# that it is read once for a line.
function __sluice_read
    set -l line (commandline -cp | string collect)
    if test x"$line" = x"$__sluice_line"
        return
    end
    set -g __sluice_line $line
    set -g __sluice_path ''
    set -g __sluice_given
    set -g __sluice_used
    set -g __sluice_ended no
    set -g __sluice_waiting no
    for word in (commandline -opc)[2..]
        if test $__sluice_waiting = yes
            set __sluice_waiting no
        else if test $__sluice_ended = no; and test x"$word" = x--
            set __sluice_ended yes
            if contains -- "$__sluice_path" ${paths(commands.filter(({ runsCommand }) => runsCommand))}
                set __sluice_ended runs
                set __sluice_given
            end
        else if test $__sluice_ended = no; and string match --quiet --regex -- '^-.' "$word"
            set --append __sluice_used (string replace --regex -- '=.*' '' "$word")
            if contains -- "$__sluice_path|$word" ${values.join(" ")}
                set __sluice_waiting yes
            end
        else if test (count $__sluice_given) -eq 0; and contains -- (string trim -- "$__sluice_path $word") ${known}
            set __sluice_path (string trim -- "$__sluice_path $word")
            set __sluice_used
        else
            set --append __sluice_given $word
            if test $__sluice_ended = no; and contains -- "$__sluice_path" ${paths(commands.filter(endsAtProgram))}
                set __sluice_ended yes
            end
        end
    end
    # The option that waits is the one to be completed.
    if test $__sluice_waiting = yes
        set --erase __sluice_used[-1]
    end
end
`;
}

/** The function that says which commands there are, with what they do. */
function belowFunction(commands: readonly CommandModel[]): string {
  const cases = commands.filter((command) => command.commands.length > 0).map((command) => {
    const lines = command.commands.map(({ path, description }) => {
      return `            printf '%s\\t%s\\n' ${quoteFish(path.at(-1)!)} ${quoteFish(description)}\n`;
    });
    return `        case ${quoteFish(command.path.join(" "))}\n${lines.join("")}`;
  });
  return `# Says which commands are below one.
function __sluice_below
    switch "$argv[1]"
${cases.join("")}    end
end
`;
}

function commandRules(command: CommandModel): string {
  const path = quoteFish(command.path.join(" "));
  const rules = [
    ...command.commands.length > 0
      ? [rule(`__sluice_argument ${path} 0 0`, `-a ${quoteFish(`(__sluice_below ${path})`)}`)]
      : [],
    ...command.arguments.map((argument, index) => {
      const last = argument.isVariadic ? 999_999 : index;
      const kind = command.path.length === 0 && argument.kind === "program" ? "file" : argument.kind;
      return rule(`__sluice_argument ${path} ${index} ${last}`, argumentWords({ ...argument, kind }));
    }).filter((text) => text !== ""),
    ...command.options.map((option) => optionRule(option, command)),
  ];
  return `# ${command.name}\n${rules.join("")}`;
}

function rule(condition: string, words: string): string {
  return words === "" ? "" : `complete -c sluice -n ${quoteFish(condition)} ${words}\n`;
}

function argumentWords({ kind, choices }: Pick<ArgumentModel, "kind" | "choices">): string {
  if (choices.length > 0) return `-a ${quoteFish(choices.map(quoteFish).join(" "))}`;
  return WORDS[kind];
}

/** What completes a value of a kind: the shell runs what stands in parentheses. */
const WORDS: Readonly<Record<ArgumentModel["kind"], string>> = {
  text: "",
  port: "",
  file: "-F",
  folder: "-a '(__fish_complete_directories)'",
  program: "-F -a '(__fish_complete_command)'",
  command: "-a '(__sluice_named)'",
};

/** An option is offered while none of its subject is there, but if it may be there often. */
function optionRule(option: OptionModel, { path, options }: CommandModel): string {
  const { names, value, description, choices, isRepeatable, subject } = option;
  const same = options.filter((other) => other.subject === subject).flatMap(({ names }) => names);
  const once = isRepeatable ? "" : ` ${same.join(" ")}`;
  const needs = !value ? "" : value.kind === "file" ? "-r -F" : `-x ${argumentWords({ ...value, choices })}`.trim();
  const words = [optionNames(names), needs, `-d ${quoteFish(description)}`].filter((text) => text !== "");
  return rule(`__sluice_options ${quoteFish(path.join(" "))}${once}`, words.join(" "));
}

function optionNames(names: readonly string[]): string {
  return names.map((name) => name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`).join(" ");
}

const HEAD = `# Completion of sluice for fish, written by: sluice completions fish

complete -c sluice -e
complete -c sluice -f
`;

const CONDITIONS = `# True where options of a command may stand, and none of those that are named does yet.
function __sluice_options
    __sluice_read
    test "$__sluice_path" = "$argv[1]"; and test $__sluice_ended = no; or return 1
    for name in $argv[2..]
        if contains -- $name $__sluice_used
            return 1
        end
    end
    return 0
end

# True where an argument of a command stands, of those from one number to another.
function __sluice_argument
    __sluice_read
    test "$__sluice_path" = "$argv[1]"; and test $__sluice_ended != runs; and test $__sluice_waiting = no
    and test (count $__sluice_given) -ge $argv[2]; and test (count $__sluice_given) -le $argv[3]
    or return 1
    test $__sluice_ended != no; or not string match --quiet -- '-*' (commandline -ct | string collect)
end

# True behind the -- of a command that runs another.
function __sluice_runs
    __sluice_read
    test $__sluice_ended = runs
    and test (count $__sluice_given) -ge $argv[1]; and test (count $__sluice_given) -le $argv[2]
end

# Says which commands of sluice may stand where they are named, one word each.
function __sluice_named
    __sluice_read
    __sluice_below "$__sluice_given"
end

complete -c sluice -n '__sluice_runs 0 0' -F -a '(__fish_complete_command)'
complete -c sluice -n '__sluice_runs 1 999999' -F
`;
