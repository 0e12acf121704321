import { deepEqual, equal, match, ok } from "node:assert/strict";
import { languages } from "../../src/process/language_table.ts";

interface Example {
  file: string;
  language: string;
  mode: "plain" | "service" | "cgi";
  request: { method: string; path: string; headers?: Record<string, string>; body?: string };
  expect: { status: number; headers?: Record<string, string>; body: string };
}

const runners = new URL("../../src/process/runners/", import.meta.url);
const services = new URL("../../examples/services/", import.meta.url);
const examples: Example[] = JSON.parse(Deno.readTextFileSync(new URL("expected.json", services)));

const placeholders = ["interpreter", "runner", "file", "dir", "copy", "out", "stem", "config"];

function repeated(values: readonly string[]): string[] {
  return values.filter((value, i) => values.indexOf(value) !== i);
}

Deno.test("languages: a name or an alias belongs to one language", () => {
  const names = languages.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  deepEqual(repeated(names), []);
  for (const name of names) match(name, /^[a-z][a-z0-9+-]*$/);
});

Deno.test("languages: an extension belongs to one language", () => {
  const extensions = languages.flatMap((language) => language.extensions);
  deepEqual(repeated(extensions), []);
  for (const extension of extensions) match(extension, /^\.[a-z0-9]+$/);
});

for (const { name, interpreters = [], run, build = [], runner, install } of languages) {
  Deno.test(`languages: ${name} is described in full`, () => {
    const used = [...run, ...build].flatMap((argument) => [...argument.matchAll(/\{(\w+)\}/g)].map(([, key]) => key));
    deepEqual(used.filter((key) => !placeholders.includes(key)), []);
    equal(used.includes("interpreter"), interpreters.length > 0);
    ok(used.includes("file") || used.includes("copy"), "the program is not among the arguments");
    equal(used.includes("out"), build.length > 0);
    equal(used.includes("runner"), runner !== undefined);
    if (runner) ok(Deno.statSync(new URL(runner, runners)).isFile);
    if (interpreters.length > 0) ok(install, "nothing says what to install");
  });

  Deno.test(`languages: ${name} has its examples`, () => {
    const own = examples.filter((example) => example.language === name);
    const expected = ["echo", "hello", "upper", ...runner ? ["status"] : []];
    deepEqual(expected.filter((stem) => !own.some(({ file }) => file.split(".")[0] === stem)), []);
    const modes = own.map(({ mode }) => mode).filter((mode) => mode !== "cgi");
    deepEqual([...new Set(modes)], [runner ? "service" : "plain"]);
    equal(own.find(({ file }) => file.startsWith("hello"))?.expect.body, `hello from ${name}\n`);
  });
}

Deno.test("examples/services: every file is in expected.json and begins with a comment", () => {
  const files = [...Deno.readDirSync(services)].map(({ name }) => name).filter((name) => name !== "expected.json");
  deepEqual([...new Set(examples.map(({ file }) => file))].sort(), files.sort());
  for (const file of files) {
    const lines = Deno.readTextFileSync(new URL(file, services)).split("\n");
    match(lines[lines[0].startsWith("#!") ? 1 : 0], /^(<\?php )?(#|\/\/|--|;|\(\*|")\s?[A-Z]/);
  }
});

Deno.test("examples/services: what is executed by itself has the execute bit", () => {
  for (const { file } of examples.filter(({ language }) => language === "executable")) {
    ok(Deno.statSync(new URL(file, services)).mode! & 0o111, `${file} cannot be executed`);
  }
});
