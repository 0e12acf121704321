/** Every page of help, read as it stands on a terminal of 80 columns. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Command } from "commander";
import { type CommandModel, everyCommand, readCommand } from "../../src/cli/help/command_tree.ts";
import { makeSluice } from "../../src/cli/commands.ts";
import { helpTexts } from "../../src/cli/help/examples.ts";
import { runCli } from "../support/serve.ts";

const COLUMNS = 80;

Deno.test("no line of help is wider than a terminal", () => {
  for (const [name, text] of pages()) {
    const wide = text.split("\n").filter((line) => line.length > COLUMNS);
    deepEqual(wide, [], name);
  }
});

Deno.test("help says of each option its default, its choices and its variable, in one form", () => {
  const all = pages();
  for (const { name, options } of everyCommand(readCommand(makeSluice()))) {
    if (name === "sluice help") continue;
    const text = all.get(name)!.replaceAll(/\s+/g, " ");
    for (const { names, preset, choices, variable } of options) {
      ok(text.includes(names.join(", ")), `${name} ${names}`);
      if (preset !== undefined) ok(text.includes(`default: ${preset}`), `${name} ${names}: ${preset}`);
      if (variable !== undefined) ok(text.includes(`env: ${variable})`), `${name} ${names}: ${variable}`);
      if (choices.length > 0) ok(text.includes(`one of ${choices.join(", ")}`), `${name} ${names}`);
    }
    ok(!text.includes("default: false"), name);
  }
});

Deno.test("flags of one name have one letter", () => {
  const letters = new Map<string, Set<string>>();
  for (const { options } of everyCommand(readCommand(makeSluice()))) {
    for (const { names } of options.filter(({ names }) => names.length === 2)) {
      letters.set(names[1], (letters.get(names[1]) ?? new Set()).add(names[0]));
    }
  }
  for (const [name, some] of letters) equal(some.size, 1, `${name}: ${[...some]}`);
  deepEqual(letters.get("--port"), new Set(["-p"]));
  deepEqual(letters.get("--config"), new Set(["-c"]));
});

Deno.test("every command has examples, and no examples are of none", () => {
  const names = everyCommand(readCommand(makeSluice())).map(({ name }) => name);
  deepEqual(Object.keys(helpTexts).toSorted(), names.toSorted());
  for (const [name, text] of pages()) match(text, /\nExamples:\n {2}# \w/, name);
});

Deno.test("examples name commands and options that are there", () => {
  const root = readCommand(makeSluice());
  for (const { examples } of Object.values(helpTexts)) {
    const lines = examples.map(({ lines }) => lines.join("\n").replaceAll("\\\n", " "));
    for (const line of lines) {
      for (const [, call] of line.matchAll(/(?:^|[\s(])sluice((?: [^|<>]*)?)/g)) {
        checkCall(root, call.trim().split(/\s+/));
      }
    }
  }
});

Deno.test("help ends with 0 on standard output, and a wrong call with 2 and one suggestion", async () => {
  const calls: readonly [args: string, code: number, stderr: RegExp][] = [
    ["help serve", 0, /^$/],
    ["registry listen --help", 0, /^$/],
    ["manual --help", 0, /^$/],
    ["registry", 2, /^Usage: sluice registry \[OPTIONS\] \[COMMAND\]/],
    ["registry lisen", 2, /did you mean listen\?/i],
    ["keys nwe", 2, /did you mean new\?/i],
    ["loom --prot 1", 2, /did you mean --port\?/i],
    ["--prot 80 cat", 2, /did you mean --port\?/i],
    ["tail", 2, /missing required argument 'url'/],
    ["gatway", 1, /did you mean the command "gateway"\?/],
    ["manul", 1, /did you mean the command "manual"\?/],
  ];
  for (const [line, code, words] of calls) {
    const ended = await runCli(line.split(" "));
    equal(ended.code, code, `${line}: ${ended.stderr}`);
    match(ended.stderr, words, line);
  }
});

/** The text of help by the words of its command. */
function pages(): Map<string, string> {
  const pages = new Map<string, string>();
  const visit = (command: Command, words: readonly string[]) => {
    let text = "";
    command.configureOutput({ writeOut: (part) => text += part, getOutHelpWidth: () => COLUMNS });
    command.outputHelp();
    pages.set([...words, command.name()].join(" "), text);
    for (const below of command.commands) visit(below, [...words, command.name()]);
  };
  visit(makeSluice(), []);
  return pages;
}

/** Follows the words of a call into the tree. */
function checkCall(root: CommandModel, words: readonly string[]): void {
  let command = root;
  for (const word of words) {
    const below = command.commands.find(({ path }) => path.at(-1) === word);
    if (below) command = below;
    else if (word === "--" || !word.startsWith("-")) {
      if (command.path[0] === "serve" && !word.startsWith("-") && !/^\d+$/.test(word)) return; // its program's words
    } else if (word !== "-") {
      const names = command.options.flatMap(({ names }) => names);
      ok(names.includes(word.split("=")[0]), `${words.join(" ")}: ${word}`);
    }
    if (word === "--") return;
  }
  ok(command !== root || words.length > 0);
}
