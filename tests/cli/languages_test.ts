/** `sluice languages`: what can be run here. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { languages } from "../../src/process/language_table.ts";
import { makeFolder } from "../support/folder.ts";
import { runCli } from "../support/serve.ts";

interface Row {
  name: string;
  extensions: string[];
  mode: string;
  compiled: boolean;
  interpreter: string | null;
  version: string | null;
  install: string | null;
}

Deno.test("languages prints a table with a row for every language that needs an interpreter", async () => {
  const { code, stdout, stderr } = await runCli(["languages"]);
  // On a new machine Deno tells there which packages it fetches.
  deepEqual([code, stderr.replace(/^Download .*\n/gm, "")], [0, ""]);
  const [head, ...rows] = stdout.trimEnd().split("\n");
  match(head, /^LANGUAGE +EXTENSIONS +MODE +VERSION +INTERPRETER$/);
  deepEqual(
    rows.map((row) => row.split(" ")[0]),
    languages.filter(({ interpreters }) => interpreters).map(({ name }) => name),
  );
});

Deno.test("languages --json prints one array that says the same", async () => {
  const { code, stdout } = await runCli(["languages", "--json"]);
  equal(code, 0);
  const rows: Row[] = JSON.parse(stdout);
  const javascript = rows.find(({ name }) => name === "javascript")!;
  deepEqual([javascript.mode, javascript.compiled, javascript.version], ["service", false, Deno.version.deno]);
  ok(Deno.statSync(javascript.interpreter!).isFile);
  const c = rows.find(({ name }) => name === "c")!;
  deepEqual([c.extensions, c.mode, c.compiled], [[".c"], "plain", true]);
  for (const row of rows) ok(row.interpreter === null || row.interpreter.startsWith("/"), row.name);
});

Deno.test("languages says what to install for a language whose interpreter is missing", async () => {
  const { code, stdout } = await runCli(["languages"], { env: { PATH: "/nowhere" } });
  equal(code, 0);
  match(stdout, /^ruby .*not found: install ruby$/m);
  match(stdout, /^go .*not found: install golang-go$/m);
  match(stdout, /^javascript .* \//m);
});

Deno.test("languages shows those of a user's file first, and one that replaces ours in place of it", async () => {
  await using folder = await makeFolder({
    "table.toml":
      '[languages.zz]\nextensions = [".zz"]\ninterpreters = ["zz-not-there"]\nrun = ["{interpreter}", "{file}"]\n' +
      'install = "the zz tools"\n[languages.awk]\nextensions = [".awk"]\ninterpreters = ["cat"]\nrun = ["{interpreter}", "{file}"]\n',
  });
  const { code, stdout } = await runCli(["languages", "--json", "--languages", folder.file("table.toml")]);
  equal(code, 0);
  const rows: Row[] = JSON.parse(stdout);
  deepEqual([rows[0].name, rows[0].interpreter, rows[0].install], ["zz", null, "the zz tools"]);
  const awk = rows.filter(({ name }) => name === "awk");
  equal(awk.length, 1);
  match(awk[0].interpreter!, /\/cat$/);
});

Deno.test("languages starts no interpreter of a version that it cannot tell in a way that waits", async () => {
  const { code, stdout } = await runCli(["languages"], { stdin: "never read" });
  equal(code, 0);
  match(stdout, /^tcl /m);
});
