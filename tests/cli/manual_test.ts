/** Manual pages, judged by what shows them. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type CommandModel, everyCommand, readCommand } from "../../src/cli/help/command_tree.ts";
import { makeSluice } from "../../src/cli/commands.ts";
import { manualPage, type ManualSource, pageName } from "../../src/cli/help/manual_page.ts";
import { findCommand } from "../../src/process/find_command.ts";
import { cliPage } from "../../scripts/cli_docs.ts";
import { makeFolder } from "../support/folder.ts";
import { runCli } from "../support/serve.ts";

const SOURCE: ManualSource = { version: "1.2.3", date: "2025-01-31" };
const hasMandoc = findCommand("mandoc") !== undefined;

Deno.test("docs/cli.md is what the commands say today", async () => {
  const { present, wanted } = await cliPage();
  ok(present === wanted, "run deno run -A scripts/cli_docs.ts");
  for (const { name, options } of everyCommand(readCommand(makeSluice()))) {
    ok(present.includes(`\`${name}\``), name);
    for (const { names } of options.filter(({ names }) => !names.includes("--help") && name !== "sluice")) {
      ok(present.includes(`\`${names.join(", ")}`), `${name} ${names}`);
    }
  }
});

Deno.test({
  name: "mandoc has nothing to say against any page, and shows every option of its command",
  ignore: !hasMandoc,
  fn: async () => {
    const root = readCommand(makeSluice());
    await using folder = await makeFolder();
    for (const command of everyCommand(root)) {
      const file = folder.file(`${pageName(command)}.1`);
      await Deno.writeTextFile(file, manualPage(command, root, SOURCE));
      const text = await mandoc(file);
      const flat = text.replaceAll(/\s+/g, " ");
      for (const { names, value, variable } of command.options) {
        ok(flat.includes(names.join(", ") + (value ? ` <${value.name}>` : "")), `${command.name} ${names}`);
        if (variable !== undefined) ok(text.match(new RegExp(`^ +${variable}$`, "m")), `${command.name}: ${variable}`);
      }
      for (const usage of command.usage) ok(text.includes(usage), usage);
      for (const section of ["NAME", "SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]) {
        ok(text.includes(`\n${section}\n`), `${command.name}: ${section}`);
      }
    }
  },
});

Deno.test({
  name: "no text is taken for a request or an escape",
  ignore: !hasMandoc,
  fn: async () => {
    const root = readCommand(makeSluice());
    const lines = [".so /etc/passwd", "'br", "a\\nb \\fBc\\fR", "--no-auth", 'it\'s `x` ~ ^ "q"', "café €"];
    for (const line of lines) {
      const command: CommandModel = { ...root.commands[0], description: line, usage: [line], commands: [] };
      await using folder = await makeFolder({ "page.1": manualPage(command, root, SOURCE) });
      const text = await mandoc(folder.file("page.1"));
      ok(text.includes(`\n     ${line}\n`), text);
      const shown = line[0].toUpperCase() + line.slice(1).replaceAll("`", "");
      ok(text.includes(`     ${shown}.`), `${shown}\n${text}`);
    }
  },
});

Deno.test("sluice manual prints one page, and writes all of them", async () => {
  const root = readCommand(makeSluice());
  const env = { SOURCE_DATE_EPOCH: "1893456000" };
  const one = await runCli(["manual", "registry", "listen"], { env });
  deepEqual([one.code, one.stderr], [0, ""]);
  match(one.stdout, /^\.TH "SLUICE\\-REGISTRY\\-LISTEN" 1 "2030-01-01" "Sluice \d/);
  const top = await runCli(["manual"], { env });
  match(top.stdout, /^\.TH "SLUICE" 1 /);
  await using folder = await makeFolder();
  const dir = folder.file("share/man/man1");
  deepEqual(await runCli(["manual", "--dir", dir], { env }), { code: 0, stdout: "", stderr: "" });
  const names = [...Deno.readDirSync(dir)].map(({ name }) => name).toSorted();
  deepEqual(names, everyCommand(root).map((command) => `${pageName(command)}.1`).toSorted());
  equal(await Deno.readTextFile(`${dir}/sluice-registry-listen.1`), one.stdout);
});

Deno.test("sluice manual says what it can't show or write", async () => {
  await using folder = await makeFolder({ "file": "" });
  const wrong: readonly [args: string[], code: number, words: RegExp][] = [
    [["manual", "registry", "lisen"], 2, /Cannot show a manual page for sluice registry lisen: .*listen/],
    [["manual", "serve", "x"], 2, /Cannot show a manual page for sluice serve x: it has no commands/],
    [["manual", "--dir", folder.path, "serve"], 2, /--dir writes all pages: leave out the command/],
    [["manual", "--dir", folder.file("file")], 1, /Cannot write manual pages to .*file: .*; name another folder/],
  ];
  for (const [args, code, words] of wrong) {
    const ended = await runCli(args);
    deepEqual([ended.code, ended.stdout], [code, ""], ended.stderr);
    match(ended.stderr, words);
  }
});

/** What a page looks like; fails for one against which there is something to say. */
async function mandoc(file: string): Promise<string> {
  const run = async (...args: string[]) => {
    const { stdout } = await new Deno.Command("mandoc", { args: [...args, file], stderr: "inherit" }).output();
    return new TextDecoder().decode(stdout);
  };
  equal(await run("-T", "lint", "-W", "warning"), "");
  return (await run("-T", "utf8", "-O", "width=200,indent=5")).replaceAll(/.[\b]/g, "");
}
