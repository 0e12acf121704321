/**
 * Completion for bash: one function that knows the commands by tables, which are all that is written here for each of
 * them. It starts nothing. Files are left to the shell itself, which knows how to quote their names.
 */

import {
  type ArgumentModel,
  type CommandModel,
  endsAtProgram,
  everyCommand,
  type OptionModel,
  withDefault,
} from "./command_tree.ts";
import { quote } from "./shell_quote.ts";

/** The script. */
export function bashCompletion(root: CommandModel): string {
  const commands = everyCommand(root).map(withDefault);
  return ENGINE
    .replace("@TABLES@", () => commands.map(tableOf).join(""))
    .replace("@VALUES@", () => commands.map(valuesOf).join(""));
}

/** A case of what a command has: commands below it, options that go once or often, and what its arguments are. */
function tableOf(command: CommandModel): string {
  const { commands, runsCommand } = command;
  const below = commands.map(({ path }) => quote(path.at(-1)!)).join(" ");
  const groups = Map.groupBy(command.options, ({ subject }) => subject).values().toArray();
  const once = groups.filter(([option]) => !option.isRepeatable).map(namesOf).map(quote).join(" ");
  const often = groups.filter(([option]) => option.isRepeatable).map(namesOf).map(quote).join(" ");
  const values = command.arguments.map((argument) => quote(valueOf(argument))).join(" ");
  const rest = command.arguments.at(-1)?.isVariadic ? valueOf(command.arguments.at(-1)!) : "text";
  const ends = endsAtProgram(command) ? 1 : 0;
  return `    ${quote(command.path.join(" "))})
      below=(${below})
      once=(${once})
      often=(${often})
      arguments=(${values}) rest=${quote(rest)} ends=${ends} runs=${runsCommand ? 1 : 0} ;;
`;
}

function namesOf(options: readonly OptionModel[]): string {
  return options.flatMap(({ names }) => names).join(" ");
}

/** A case for each kind of value that options of a command have. */
function valuesOf(command: CommandModel): string {
  return command.options.filter(({ value }) => value).map((option) => {
    const patterns = option.names.map((name) => quote(`${command.path.join(" ")}|${name}`)).join(" | ");
    return `    ${patterns}) value=${quote(valueOf({ ...option.value!, choices: option.choices }))} ;;\n`;
  }).join("");
}

/** The kind of a value, or the words that it may be. */
function valueOf({ kind, choices }: Pick<ArgumentModel, "kind" | "choices">): string {
  return choices.length > 0 ? `choice ${choices.join(" ")}` : kind;
}

const ENGINE = `# Completion of sluice for bash, written by: sluice completions bash

# What a command has, into the caller's variables: commands below it, groups of options of which one may be there once,
# those that may be there often, what its arguments are and all further ones, whether options end with the first of them,
# and whether a command of the system stands behind --.
_sluice_table() {
  below=() once=() often=() arguments=() rest=text ends=0 runs=0
  case $1 in
@TABLES@  esac
}

# What the value of an option is, a kind or "choice" and the choices; empty where it has none.
_sluice_value() {
  value=
  case "$1|$2" in
@VALUES@  esac
}

_sluice_no_files() {
  compopt +o default +o bashdefault 2>/dev/null
}

# Offers those of some words that begin with what is there.
_sluice_offer() {
  local word
  for word; do
    if [[ $word == "$current"* ]]; then COMPREPLY+=("$prefix$word"); fi
  done
}

# Offers what the shell finds. What is quoted already, or has a path, is left to it altogether: it looks for files.
_sluice_find() {
  local word
  if [[ -z $current || $current == *[\\\\\\'\\"\\$\\\`~/]* ]]; then return; fi
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$@" -- "$current")
  compopt -o filenames 2>/dev/null
}

# Offers what a value may be.
_sluice_complete() {
  local -a words
  case $1 in
    file) ;;
    folder) compopt +o default +o bashdefault -o dirnames 2>/dev/null ;;
    program) _sluice_find -c -f ;;
    command) _sluice_no_files; _sluice_table "\${given[*]}"; _sluice_offer "\${below[@]}" ;;
    choice*) _sluice_no_files; read -ra words <<< "\${1#choice }"; _sluice_offer "\${words[@]}" ;;
    *) _sluice_no_files ;;
  esac
}

# Offers options, but none for which there is one already.
_sluice_options() {
  local group name
  local -a names
  _sluice_no_files
  for group in "\${once[@]}"; do
    read -ra names <<< "$group"
    for name in "\${names[@]}"; do
      if [[ " \${used[*]} " == *" $name "* ]]; then continue 2; fi
    done
    _sluice_offer "\${names[@]}"
  done
  read -ra names <<< "\${often[*]}"
  _sluice_offer "\${names[@]}"
}

# Offers the next argument; a command below is one too.
_sluice_argument() {
  local kind=\${arguments[\${#given[@]}]-$rest}
  if [[ \${#given[@]} -gt 0 || \${#below[@]} -eq 0 ]]; then
    _sluice_complete "$kind"
    return
  fi
  _sluice_offer "\${below[@]}"
  if [[ $kind != program ]]; then _sluice_no_files
  elif [[ \${#COMPREPLY[@]} -gt 0 ]]; then _sluice_find -f
  fi
}

# Reads the words before the cursor into the caller's variables.
_sluice_read() {
  local word name
  _sluice_table ''
  for word in "$@"; do
    if [[ -n $waiting ]]; then
      waiting=
    elif [[ $ended -eq 0 && $word == -- ]]; then
      ended=1
      if [[ $runs -eq 1 ]]; then given=() arguments=(program) rest=file; fi
    elif [[ $ended -eq 0 && $word == -?* ]]; then
      used+=("\${word%%=*}")
      _sluice_value "$path" "$word"
      waiting=$value
    else
      for name in "\${below[@]}"; do
        if [[ \${#given[@]} -eq 0 && $word == "$name" ]]; then
          path=\${path:+$path }$word
          used=()
          _sluice_table "$path"
          continue 2
        fi
      done
      given+=("$word")
      if [[ $ends -eq 1 ]]; then ended=1; fi
    fi
  done
}

_sluice() {
  local IFS=$' \\t\\n' current=$2 prefix= line=\${COMP_LINE#*"\${COMP_WORDS[0]}"}
  local path= value= waiting= rest= ends=0 runs=0 ended=0 i word last
  local -a words below once often arguments used given
  COMPREPLY=()
  # The shell parts words at = and : and @ too; here only blanks part them.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ \${#words[@]} -eq 0 || $line == [[:blank:]]* ]]; then
      words+=("$word")
    else
      words[\${#words[@]}-1]+=$word
    fi
    line=\${line#"\${line%%[![:blank:]]*}"}
    line=\${line#"$word"}
  done
  last=\${words[\${#words[@]}-1]}
  if [[ $current == [=:@] ]]; then current=; fi
  _sluice_read "\${words[@]:0:\${#words[@]}-1}"

  if [[ -n $waiting ]]; then
    _sluice_complete "$waiting"
  elif [[ $ended -eq 0 && $last == --*=* ]]; then
    # Where = parts no words, what is offered begins with the option.
    if [[ $current == --*=* ]]; then prefix=\${current%%=*}=; current=\${current#*=}; fi
    _sluice_value "$path" "\${last%%=*}"
    _sluice_complete "$value"
  elif [[ $ended -eq 0 && $last == -* ]]; then
    _sluice_options
  else
    _sluice_argument
  fi
}

complete -o bashdefault -o default -F _sluice sluice
`;
