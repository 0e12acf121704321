/** Completion, tried in the shells that it is for. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { everyCommand, withDefault } from "../../src/cli/help/command_tree.ts";
import { findCommand } from "../../src/process/find_command.ts";
import { shells, sluiceModel } from "../support/completions.ts";
import { makeFolder } from "../support/folder.ts";
import { runCli } from "../support/serve.ts";
import { onTerminal } from "../support/terminal.ts";

/** Names that a shell would act on if they stood in a line as they are. */
const MEAN = ["$(touch x)", "`touch y`", "zq;touch z", 'zq\'s "mine"'];

const isMissing = Object.keys(shells).some((name) => findCommand(name) === undefined);

for (const [name, { complete, script, interactive }] of Object.entries(shells)) {
  const ignore = findCommand(name) === undefined;

  Deno.test({
    name: `${name} offers every command, every option and every choice`,
    ignore,
    fn: async () => {
      await using folder = await makeFolder();
      const commands = everyCommand(sluiceModel()).map(withDefault);
      const below = commands.filter(({ commands }) => commands.length > 0);
      const choosing = commands.flatMap((command) => {
        const options = command.options.filter(({ choices }) => choices.length > 0);
        return options.map(({ names, choices }) => ({ line: `${command.name} ${names.at(-1)} `, choices }));
      });
      const wanted = [
        ...below.map(({ name, commands }) => ({ line: `${name} `, offers: commands.map(({ path }) => path.at(-1)!) })),
        ...commands.map(({ name, options }) => {
          const names = options.flatMap(({ names }) => names);
          return { line: `${name} --`, offers: names.filter((name) => name.startsWith("--")) };
        }),
        ...choosing.map(({ line, choices }) => ({ line, offers: choices })),
      ];
      ok(choosing.length > 5 && below.length > 2);
      const completed = await complete(wanted.map(({ line }) => line), folder.path);
      equal(completed.length, wanted.length);
      wanted.forEach(({ line, offers }, index) => {
        deepEqual(completed[index].offers.toSorted(), offers.toSorted(), line);
      });
    },
  });

  Deno.test({
    name: `${name} offers what may stand at a place, and nothing else`,
    ignore,
    fn: async () => {
      await using folder = await makeFolder({ "hello.py": "" });
      const expected: readonly [line: string, offers: readonly string[]][] = [
        ["sluice regi", ["registry"]],
        ["sluice registry lis", ["listen"]],
        ["sluice serve -p 80 --por", []], // once is enough
        ["sluice spy --no-color --no-c", []],
        ["sluice spy --color --no-c", []], // they exclude each other
        ["sluice registry listen --peer a:1 --peer b:2 --pee", ["--peer"]], // repeatable
        ["sluice serve --env A=b --en", ["--env"]],
        ["sluice --timeout 5 --por", ["--port"]], // options of the default command
        ["sluice serve hello.py --por", []], // they are the program's
        ["sluice hello.py --por", []],
        ["sluice serve -- --por", []],
        ["sluice tail ", []], // a URL
        ["sluice loom -p ", []],
        ["sluice help ke", ["keys"]],
        ["sluice manual registry que", ["query"]],
        ["sluice completions f", ["fish"]],
        ["sluice registry register --port 80 localhost:9090 web@1 -- basenam", ["basename"]],
        ["sluice nonsense ke", []],
      ];
      const completed = await complete(expected.map(([line]) => line), folder.path);
      expected.forEach(([line, offers], index) => deepEqual(completed[index].offers, offers, line));
    },
  });

  Deno.test({
    name: `${name} takes no text of a command for something to run`,
    ignore,
    fn: async () => {
      await using folder = await makeFolder();
      const mean = MEAN.join(" [x]: {y} \\ ") + " $HOME % ! #";
      const root = sluiceModel();
      const commands = root.commands.map((command) => {
        const options = command.options.map((option) => ({
          ...option,
          description: mean,
          choices: option.choices.length > 0 ? [...option.choices, "$(touch${IFS}v)"] : [],
        }));
        return { ...command, description: mean, options };
      });
      const model = { ...root, commands };
      const lines = ["sluice ", "sluice serv", "sluice serve --", "sluice serve --log "];
      const completed = await complete(lines, folder.path, model);
      const harmless = await complete(lines, folder.path);
      harmless.forEach(({ offers }, index) => {
        const others = completed[index].offers.filter((offer) => !offer.includes("touch"));
        deepEqual(others.toSorted(), offers.toSorted());
      });
      match(completed.at(-1)!.offers.join("\n"), /touch/);
      deepEqual(folder.names(), []);
    },
  });

  Deno.test({
    name: `${name} completes the name of a file as one word, and runs nothing in it`,
    ignore: ignore || findCommand("script") === undefined,
    fn: async () => {
      await using scripts = await makeFolder({ "sluice": script(sluiceModel()) });
      const env = { TERM: "dumb", HOME: scripts.path, ZDOTDIR: scripts.path, XDG_DATA_HOME: scripts.path };
      const load = name === "zsh" ? "autoload -Uz compinit; compinit -u -d ~/dump; " : "";
      const body = "printf '<%s>' $argv; echo";
      const define = name === "fish"
        ? `function sluice; ${body}; end`
        : `sluice() { ${body.replace("$argv", '"$@"')}; }`;
      for (const file of MEAN) {
        await using folder = await makeFolder({ [file]: "" });
        await Deno.mkdir(folder.file("sub"));
        await using terminal = onTerminal(`cd '${folder.path}' && exec ${interactive}`, { env });
        await terminal.press(`${load}source '${scripts.file("sluice")}'; ${define}; echo is"" ready\n`);
        await terminal.said(/is ready/);
        const begin = file.startsWith("zq") ? "zq" : `\\${file[0]}`;
        await terminal.press(`sluice serve ${begin}\t\n`);
        const [, completed] = await terminal.said(/<serve>(<.*>)/);
        equal(completed, `<${file}>`);
        await terminal.press("sluice loom --data=s\t\n");
        await terminal.said(/<loom><--data=sub\/?>/);
        await terminal.press("exit\n");
        await terminal.code;
        deepEqual(folder.names().toSorted(), [file, "sub"].toSorted());
      }
    },
  });
}

Deno.test("fish and zsh offer files and folders where a value is one; bash leaves them to itself", {
  ignore: isMissing,
}, async () => {
  await using folder = await makeFolder({ "hello.py": "", "notes.txt": "" });
  await Deno.mkdir(folder.file("data"));
  const all = ["data", "hello.py", "notes.txt"];
  const expected: readonly [line: string, offers: readonly string[]][] = [
    ["sluice keys show ", all],
    ["sluice registry listen 9090 ", all],
    ["sluice gateway -c ", all],
    ["sluice gateway --config ", all],
    ["sluice loom --data ", ["data"]],
    ["sluice serve --cwd ", ["data"]],
    ["sluice serve hello.py ", all],
    ["sluice hello.py ", all],
    ["sluice ./hel", ["hello.py"]],
  ];
  for (const { complete } of [shells.fish, shells.zsh]) {
    const completed = await complete(expected.map(([line]) => line), folder.path);
    expected.forEach(([line, offers], index) => {
      const names = completed[index].offers.map((offer) => offer.replace(/^\.\/|\/$/g, "")).toSorted();
      deepEqual(names, offers, line);
    });
  }
  const bash = await shells.bash.complete(expected.map(([line]) => line), folder.path);
  deepEqual(bash.flatMap(({ offers }) => offers), []);
});

Deno.test(
  "programs are files and commands, and a named one stands behind its name",
  { ignore: isMissing },
  async () => {
    await using folder = await makeFolder({ "basename.py": "" });
    for (const { complete } of Object.values(shells)) {
      const completed = await complete(["sluice serve basenam"], folder.path);
      deepEqual(completed[0].offers.toSorted(), ["basename", "basename.py"]);
    }
  },
);

Deno.test("sluice completions prints the script of a shell, and knows three of them", async () => {
  for (const [name, { script }] of Object.entries(shells)) {
    const { code, stdout, stderr } = await runCli(["completions", name]);
    deepEqual([code, stderr], [0, ""]);
    equal(stdout, script(sluiceModel()));
  }
  const { code, stdout, stderr } = await runCli(["completions", "tcsh"]);
  deepEqual([code, stdout], [2, ""]);
  match(stderr, /bash, zsh, fish/);
});
