/** How help looks, the same for every command: placeholders in capitals, one form of defaults, and examples at the end. */

import type { Argument, Command, Option } from "commander";
import { readOption, usageLines } from "./command_tree.ts";
import { helpTexts } from "./examples.ts";

/**
 * Gives a command this look.
 *
 * @param name all its words, such as `sluice keys new`
 */
export function shapeHelp(command: Command, name: string): void {
  command
    .configureHelp({
      commandUsage: (command) => usageLines(name, command).join("\n       "),
      subcommandTerm: (command) => command.name(), // with arguments, as by default, there is no room for what it does
      argumentTerm: (argument: Argument) => argument.name().toUpperCase(),
      argumentDescription: argumentText,
      optionDescription: optionText,
    })
    .addHelpText("after", () => after(name));
}

function argumentText({ description, argChoices }: Argument): string {
  return argChoices ? `${description} (one of ${argChoices.join(", ")})` : description;
}

/** What an option does, and in parentheses what it may be. */
function optionText(option: Option): string {
  const { description, choices, preset, variable } = readOption(option);
  const notes = [
    ...choices.length > 0 ? [`one of ${choices.join(", ")}`] : [],
    ...preset === undefined ? [] : [`default: ${preset}`],
    ...variable === undefined ? [] : [`env: ${variable}`],
  ];
  return notes.length > 0 ? `${description} (${notes.join("; ")})` : description;
}

function after(name: string): string {
  const { note, examples } = helpTexts[name] ?? { examples: [] };
  const lines = examples.flatMap(({ does, lines }) => [`  # ${does}`, ...lines.map((line) => `  ${line}`)]);
  return [...note ? ["", note] : [], ...lines.length > 0 ? ["", "Examples:", ...lines] : []].join("\n");
}
