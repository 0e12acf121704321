/** The manual page of a command, as roff with the macros of `man`. */

import { DONE, FAILED, INTERRUPTED, WRONG_USAGE } from "../exit_codes.ts";
import type { ArgumentModel, CommandModel, OptionModel } from "./command_tree.ts";
import { type Example, helpTexts } from "./examples.ts";
import { argument, bold, italic, line, literal, prose } from "./roff.ts";

/** What the pages are of. */
export interface ManualSource {
  readonly version: string;
  /** Such as `2030-01-31`. */
  readonly date: string;
}

/** Exit codes of every command. */
export const EXIT_CODES: Readonly<Record<string, string>> = {
  [DONE]: "done",
  [FAILED]: "it failed; standard error says why, and what to do",
  [WRONG_USAGE]: "wrong usage",
  [INTERRUPTED]: "a second interrupt stopped it before it could end what was under way",
};

/** Variables of every command. */
export const VARIABLES: Readonly<Record<string, string>> = {
  NO_COLOR: "when it is set, nothing is coloured",
  FORCE_COLOR: "when it is set, but not to 0 or false, there are colours in a pipe too",
  SLUICE_CACHE_DIR:
    "where runners and compiled programs are kept (default: `sluice` in `XDG_CACHE_HOME` or in `~/.cache`)",
};

/** Name of a page: `sluice-registry-listen`. */
export function pageName({ name }: CommandModel): string {
  return name.replaceAll(" ", "-");
}

/**
 * Writes the page.
 *
 * @param root `sluice` itself: its page leads to all others
 */
export function manualPage(command: CommandModel, root: CommandModel, { version, date }: ManualSource): string {
  const { note, examples } = helpTexts[command.name] ?? { examples: [] };
  const name = pageName(command);
  return [
    `.TH ${argument(literal(name.toUpperCase()))} 1 ${argument(date)} ${argument(`Sluice ${literal(version)}`)}\n`,
    section("NAME", line(`${literal(name)} \\- ${prose(command.description.replace(/\.$/, ""))}`)),
    section("SYNOPSIS", `.nf\n${command.usage.map((usage) => line(synopsis(usage, command.name))).join("")}.fi\n`),
    section("DESCRIPTION", description(command, note)),
    section("COMMANDS", command.commands.map(commandItem).join("")),
    section("OPTIONS", command.options.map(optionItem).join("")),
    section("ENVIRONMENT", environment(command)),
    section("EXIT STATUS", items(EXIT_CODES)),
    section("EXAMPLES", examples.map(exampleText).join(".PP\n")),
    section("SEE ALSO", seeAlso(command, root)),
  ].join("");
}

function section(title: string, content: string): string {
  return content === "" ? "" : `.SH ${argument(title)}\n${content}`;
}

/** The words of the command are bold, all others as they are. */
function synopsis(usage: string, name: string): string {
  const words = usage.startsWith(name) ? name : usage.split(" ")[0];
  return bold(words) + literal(usage.slice(words.length));
}

function description({ description, arguments: all }: CommandModel, note?: string): string {
  const notes = note === undefined
    ? ""
    : `.PP\n.nf\n${note.split("\n").map((text) => line(literal(text))).join("")}.fi\n`;
  return line(prose(sentence(description))) + all.map(argumentItem).join("") + notes;
}

function argumentItem({ name, description, isVariadic }: ArgumentModel): string {
  return item(italic(name.toUpperCase()) + (isVariadic ? " ..." : ""), prose(sentence(description)));
}

function commandItem({ path, name, description }: CommandModel): string {
  return item(`${bold(path.at(-1)!)}`, `${prose(sentence(description))}\nSee ${bold(name.replaceAll(" ", "-"))}(1).`);
}

function optionItem({ names, value, description, choices, preset, variable }: OptionModel): string {
  const term = names.map(bold).join(", ") + (value ? ` ${italic(`<${value.name}>`)}` : "");
  const notes = [
    ...choices.length > 0 ? [`One of ${choices.map(bold).join(", ")}.`] : [],
    ...preset === undefined ? [] : [`Default: ${bold(preset)}.`],
    ...variable === undefined ? [] : [`Variable: ${bold(variable)}.`],
  ];
  return item(term, [prose(sentence(description)), ...notes].join("\n"));
}

function environment(command: CommandModel): string {
  const named = [
    ...command.arguments.map(({ name, variable }) => ({ variable, what: italic(name.toUpperCase()) })),
    ...command.options.map(({ names, variable }) => ({ variable, what: bold(names.at(-1)!) })),
  ];
  const own = named.filter(({ variable }) => variable !== undefined);
  const texts = own.map(({ variable, what }) => item(bold(variable!), `The same as ${what}.`));
  return `${texts.join("")}${items(VARIABLES)}.PP\nA flag wins over its variable.\n`;
}

function items(texts: Readonly<Record<string, string>>): string {
  return Object.entries(texts).map(([term, text]) => item(bold(term), prose(sentence(text)))).join("");
}

/** Texts of the command line are no sentences, so that they can stand in a list: here they can. */
function sentence(text: string, end = "."): string {
  return `${text[0].toUpperCase()}${text.slice(1).replace(/\.$/, "")}${end}`;
}

function item(term: string, text: string): string {
  return `.TP\n${line(term)}${text.split("\n").map(line).join("")}`;
}

function exampleText({ does, lines }: Example): string {
  const code = lines.map((text) => line(literal(text))).join("");
  return `${line(`${prose(sentence(does, ":"))}`)}.PP\n.RS 4\n.nf\n${code}.fi\n.RE\n`;
}

/** The page above, and those beside it. */
function seeAlso(command: CommandModel, root: CommandModel): string {
  if (command === root) return references(root.commands);
  const above = command.path.slice(0, -1).reduce<readonly CommandModel[]>((found, word) => {
    return [...found, found.at(-1)!.commands.find(({ path }) => path.at(-1) === word)!];
  }, [root]);
  const beside = above.at(-1) === root ? [] : above.at(-1)!.commands.filter(({ name }) => name !== command.name);
  return references([...above, ...beside, ...command.commands]);
}

function references(commands: readonly CommandModel[]): string {
  const names = commands.map(pageName).toSorted();
  return names.map((name, index) => `.BR ${literal(name)} (1)${index < names.length - 1 ? "," : ""}\n`).join("");
}
