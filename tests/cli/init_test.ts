/** `sluice init` as its users call it: every project that it writes runs at once, passes its own test, and is a service. */

import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { languageOf } from "../../src/cli/init/choose_template.ts";
import type { Template } from "../../src/cli/init/template.ts";
import { templates } from "../../src/cli/init/templates.ts";
import { findCommand, isExecutable } from "../../src/process/find_command.ts";
import { findInterpreter } from "../../src/process/languages.ts";
import { seen } from "../support/ask.ts";
import { contents, makeProjectPlace, runLine } from "../support/new_project.ts";
import { type Ended, runCli, serve } from "../support/serve.ts";
import { within } from "../support/within.ts";

const hasAnalyze = findCommand("systemd-analyze") !== undefined;
const root = fileURLToPath(new URL("../../", import.meta.url));

const isHere = (template: Template) => findInterpreter(languageOf(template)) !== undefined;

for (const template of templates) {
  Deno.test({
    name: `a project in ${template.name} is right, passes its own test, and answers as its script says`,
    ignore: !isHere(template),
    fn: async () => {
      await using place = await makeProjectPlace();
      const { folder, env } = place;
      const project = folder.file("price-list");
      const { code, stderr } = await place.init(template.name, "--dir", project, "--port", "18099");
      equal(code, 0, stderr);
      const config = `${project}/sluice.toml`;
      match(stderr, new RegExp(`sluice init: serve it with sluice gateway -c '?${config}'? --watch\n$`));
      const before = contents(project);
      const check = await runCli(["gateway", "--check", "-c", config]);
      deepEqual([check.code, check.stderr], [0, `sluice gateway: ${config} is right: 2 routes\n`]);

      const lines = /```sh\n(.*)\n(.*)\n(.*)\n```/.exec(before["README.md"])!.slice(1);
      equal(lines[0], "sluice gateway -c sluice.toml --watch");
      match(lines[1], /^curl -N 'http:\/\/127\.0\.0\.1:18099\/hello\//);
      if (hasAnalyze) deepEqual(await verifyUnit(project, "price-list"), { code: 0, stdout: "", stderr: "" });

      const test = await runLine(lines[2], project, env);
      equal(test.code, 0, test.stdout + test.stderr);
      const left = Object.keys(contents(project)).filter((name) => !/^__pycache__/.test(name));
      deepEqual(left.sort(), Object.keys(before).sort(), "the test leaves nothing behind");

      await Deno.writeTextFile(config, before["sluice.toml"].replace("127.0.0.1:18099", "127.0.0.1:0"));
      await using server = await serve([], { command: ["gateway", "-c", config] });
      const ask = (path: string) => seen(server.url + path);
      const three = [1, 2, 3].map((number) => `Hello, Zoë "$(id)" {{x}}! ${number} of 3\n`).join("");
      deepEqual(await ask(`/hello/${encodeURIComponent('Zoë "$(id)" {{x}}')}`), { status: 200, body: three });
      const why = { status: 400, body: "times is a whole number from 1 to 100\n" };
      for (const times of ["0", "101", "x", "", "1&times=2", "1%0A"]) {
        deepEqual(await ask(`/hello/Ada?times=${times}`), why);
      }
      deepEqual(await ask("/health"), { status: 200, body: "ok\n" });
      equal((await ask("/")).status, 404);
      equal(await firstPiece(`${server.url}/hello/Ada?times=60`), "Hello, Ada! 1 of 60");
    },
  });
}

/** Several languages share a test. */
const tests = new Map(templates.map((template) => [template.files[template.testFile], template]));

for (const template of tests.values()) {
  Deno.test({
    name: `the test of a project in ${template.name} fails where the program does`,
    ignore: !isHere(template),
    fn: async () => {
      await using place = await makeProjectPlace();
      const project = place.folder.file("hello");
      await place.init(template.name, "--dir", project);
      const script = `${project}/${template.script}`;
      await Deno.writeTextFile(script, (await Deno.readTextFile(script)).replace("Hello, ", "Goodbye, "));
      const { code, stdout, stderr } = await runLine(template.test, project, place.env);
      ok(code !== 0, stdout + stderr);
      deepEqual(Object.keys(contents(project)).filter((name) => name.includes(".sluice-test")), []);
    },
  });
}

/** What systemd says of a unit. */
function verifyUnit(project: string, name: string): Promise<Ended> {
  return runLine(`systemd-analyze verify ./${name}.service`, project, {});
}

/** The first line of an answer that takes seconds in all, as it comes. */
async function firstPiece(url: string): Promise<string> {
  const response = await within("an answer", fetch(url));
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) text += (await within("a line", reader.read())).value;
  await reader.cancel();
  doesNotMatch(text, /60 of 60/, "it came in one piece");
  return text.split("\n")[0];
}

Deno.test("projects in JavaScript and TypeScript are as deno fmt, deno lint and deno check want them", async () => {
  await using place = await makeProjectPlace();
  for (const name of ["javascript", "typescript"]) {
    const project = place.folder.file(name);
    equal((await place.init(name, "--dir", project)).code, 0);
    const files = "README.md *.[jt]s";
    const line = `deno fmt --check ${files} && deno lint && deno check *.[jt]s`;
    const { code, stdout, stderr } = await runLine(line, project, place.env);
    equal(code, 0, stdout + stderr);
  }
});

Deno.test("where no sluice is on PATH, projects name Deno and our file, whatever characters are in its path", async () => {
  await using place = await makeProjectPlace();
  const home = place.folder.file(`it's #{x} $y @z "w"`);
  await Deno.symlink(root, home);
  const program = Deno.execPath();
  const path = Deno.env.get("PATH")!.split(delimiter).filter((folder) => !isExecutable(join(folder, "sluice")));
  const env = { PATH: path.join(delimiter) };
  for (
    const { name, test } of templates.filter(({ words }, at) => templates.findIndex((t) => t.words === words) === at)
  ) {
    const project = place.folder.file(name);
    const args = ["run", "-A", `${home}/cli.ts`, "init", name, "--dir", project];
    const { code, stderr } = await runCli(args, { program, env });
    equal(code, 0, stderr);
    match(stderr, /serve it with .*deno run -A '.*cli\.ts' gateway -c /);
    const { code: tested, stdout, stderr: why } = await runLine(test, project, {});
    equal(tested, 0, name + stdout + why);
    if (hasAnalyze) deepEqual(await verifyUnit(project, name), { code: 0, stdout: "", stderr: "" });
  }
});

Deno.test("--list names the templates and what they need, as a table and as JSON", async () => {
  const { code, stdout, stderr } = await runCli(["init", "--list"]);
  deepEqual([code, stderr], [0, ""]);
  const [head, ...rows] = stdout.trimEnd().split("\n");
  match(head, /^TEMPLATE +PROGRAM +MODE +TEST +INTERPRETER$/);
  deepEqual(rows.map((row) => row.split(" ")[0]), templates.map(({ name }) => name));
  const list = JSON.parse((await runCli(["init", "--list", "--json"])).stdout);
  deepEqual(list.map(({ name }: { name: string }) => name), templates.map(({ name }) => name));
  for (const { interpreter } of list) ok(interpreter === null || Deno.statSync(interpreter).isFile);
  const without = await runCli(["init", "--list"], { env: { PATH: "/nowhere" } });
  match(without.stdout, /^ruby .* not found: install ruby$/m);
});

Deno.test("what a project wants and is not here is told, and the project is written all the same", async () => {
  await using place = await makeProjectPlace();
  const cases = {
    ruby: /: Cannot run ruby: .*install it: apt-get install ruby$/m,
    js: /: the test needs deno, which is/,
  };
  for (const [template, words] of Object.entries(cases)) {
    const args = ["init", template, "--dir", place.folder.file(template)];
    const { code, stderr } = await runCli(args, { env: { PATH: "/nowhere" } });
    equal(code, 0, stderr);
    match(stderr, words);
  }
});

Deno.test("--json says what was written, by name and port, and the rest is the default", async () => {
  await using place = await makeProjectPlace();
  const folder = place.folder.file("shop_2");
  const { code, stdout, stderr } = await place.init("--dir", folder, "--json", "--yes");
  equal(code, 0, stderr);
  const { files, next, ...rest } = JSON.parse(stdout);
  deepEqual(rest, { name: "shop_2", template: "python", folder, port: 8080 });
  deepEqual(files.toSorted(), Object.keys(contents(folder)).sort());
  equal(next, `sluice gateway -c '${folder}/sluice.toml' --watch`);
  match(contents(folder)["shop_2.service"], /^Description=shop_2, /m);
});

Deno.test("nothing is written over without --force, and with it only what the project has", async () => {
  await using place = await makeProjectPlace();
  const folder = place.folder.file("hello");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/hello.py`, "mine");
  await Deno.writeTextFile(`${folder}/notes.txt`, "mine");
  const refused = await place.init("--dir", folder);
  equal(refused.code, 1);
  match(
    refused.stderr,
    /^sluice: Cannot write hello\.py in .*: it is there already; take another --dir, or --force writes over\n$/,
  );
  deepEqual(contents(folder), { "hello.py": "mine", "notes.txt": "mine" });
  equal((await place.init("--dir", folder, "--force")).code, 0);
  const { "hello.py": script, "notes.txt": notes } = contents(folder);
  match(script, /^# Greets/);
  equal(notes, "mine");
  deepEqual(place.folder.names(), ["hello"]);
});

Deno.test("names, folders, ports and templates that can't be are refused, and nothing is written", async () => {
  await using place = await makeProjectPlace();
  const { folder } = place;
  await Deno.writeTextFile(folder.file("file"), "");
  const cases: [string[], number, RegExp][] = [
    [["--name", "../x"], 2, /^sluice: Cannot call a project "\.\.\/x": a name is lower-case letters and digits, /],
    [["pyhton"], 2, /Cannot begin with "pyhton": it is no template; did you mean python\?/],
    [["cobol"], 2, /it is no template; there are python, javascript, /],
    [["--port", "0"], 2, /a port from 1 to 65535/],
    [["--port", "70000"], 2, /a port from 1 to 65535/],
    [["--dir", folder.file("no/such")], 1, /Cannot write .*: .*\/no is no folder; make it first/],
    [["--dir", folder.file("a\nb")], 2, /control characters are in its path/],
    [["--dir", folder.file("file")], 1, /Cannot write into .*\/file: it is no folder; name another one with --dir/],
  ];
  for (const [args, expected, words] of cases) {
    const { code, stdout, stderr } = await place.init("--dir", folder.file("x"), ...args);
    deepEqual([code, stdout], [expected, ""], stderr);
    match(stderr, words);
    deepEqual(folder.names(), ["file"]);
  }
});
