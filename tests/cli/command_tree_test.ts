/** The commands as data: what all that is written about them is made of. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { Argument, Command, Option } from "commander";
import {
  DEFAULT_COMMAND,
  everyCommand,
  readCommand,
  readOption,
  withDefault,
} from "../../src/cli/help/command_tree.ts";
import { makeSluice } from "../../src/cli/commands.ts";
import { flag } from "../../src/cli/flag.ts";

Deno.test("an option is read with all that help says of it", () => {
  const option = flag("-p, --peer <hub>", "another hub; repeatable", String, "none", "SLUICE_PEER").choices(["a", "b"]);
  deepEqual(readOption(option), {
    names: ["-p", "--peer"],
    value: { name: "hub", kind: "text" },
    description: "another hub; repeatable",
    choices: ["a", "b"],
    preset: "none",
    variable: "SLUICE_PEER",
    isRepeatable: true,
    subject: "peer",
  });
});

Deno.test("a default in the text is taken out of it, and a flag that is absent has none", () => {
  const presets: readonly [Option, string | undefined][] = [
    [new Option("--a <n>", "how many (default: by language); see there"), "by language"],
    [new Option("--a <n>", "how many").default(4), "4"],
    [new Option("--a <n>", "how many").default(5000, "5s"), "5s"],
    [new Option("--a", "or not").default(false), undefined],
    [new Option("--no-a", "or not"), undefined],
  ];
  for (const [option, preset] of presets) equal(readOption(option).preset, preset);
  equal(readOption(presets[0][0]).description, "how many; see there");
});

Deno.test("what a value is shows in its placeholder", () => {
  const kinds = { file: "file", folder: "folder", port: "port", document: "file", address: "text", time: "text" };
  for (const [name, kind] of Object.entries(kinds)) {
    equal(readOption(new Option(`--a <${name}>`, "")).value?.kind, kind);
  }
  equal(readOption(new Option("--a", "")).value, undefined);
});

Deno.test("options that exclude each other have one subject", () => {
  equal(readOption(new Option("--color", "")).subject, readOption(new Option("--no-color", "")).subject);
});

Deno.test("what is hidden is not read", () => {
  const root = new Command("sluice")
    .addOption(new Option("--old", "gone").hideHelp())
    .addCommand(new Command("old"), { hidden: true })
    .addCommand(new Command("new").addArgument(new Argument("[file...]", "some")));
  const model = readCommand(root);
  deepEqual(model.commands.map(({ path }) => path), [["new"], ["help"]]);
  deepEqual(model.options.map(({ subject }) => subject), ["help"]);
  deepEqual(model.commands[0].arguments, [{
    name: "file",
    description: "some",
    isRequired: false,
    isVariadic: true,
    kind: "file",
    choices: [],
    variable: undefined,
  }]);
  deepEqual(model.commands[0].usage, ["sluice new [OPTIONS] [FILE...]"]);
});

Deno.test("the tree holds every command, with a text for each of its parts", () => {
  const root = readCommand(makeSluice());
  const names = everyCommand(root).map(({ name }) => name);
  for (const name of ["sluice", "sluice serve", "sluice registry listen", "sluice keys new", "sluice manual"]) {
    ok(names.includes(name), name);
  }
  equal(new Set(names).size, names.length);
  for (const command of everyCommand(root)) {
    ok(command.description !== "", command.name);
    for (const { description, name } of command.arguments) ok(description !== "", `${command.name} ${name}`);
    for (const { description, names } of command.options) ok(description !== "", `${command.name} ${names[0]}`);
  }
});

Deno.test("options of the default command may stand behind sluice itself", () => {
  const root = readCommand(makeSluice());
  const names = withDefault(root).options.flatMap(({ names }) => names);
  const own = root.commands.find(({ path }) => path[0] === DEFAULT_COMMAND)!;
  for (const name of [...own.options, ...root.options].flatMap(({ names }) => names)) ok(names.includes(name), name);
  equal(withDefault(own), own);
});
