import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import type { Language } from "../../src/process/language.ts";
import { findInterpreter, findTool, Languages, missingInterpreter } from "../../src/process/languages.ts";
import { makeFolder } from "../support/folder.ts";
import { withVariables } from "../support/variables.ts";

const own: Language = {
  name: "own",
  aliases: ["mine"],
  extensions: [".own", ".py"],
  interpreters: ["own"],
  run: ["{interpreter}", "{file}"],
};

Deno.test("Languages.named() knows names and aliases, in any case", () => {
  const languages = new Languages();
  equal(languages.named("python").name, "python");
  equal(languages.named("Python").name, "python");
  equal(languages.named("js").name, "javascript");
  equal(languages.named("coffee").name, "coffee-script");
});

Deno.test("Languages.named() refuses others with those there are", () => {
  for (const name of ["cobol", "", "constructor", "__proto__"]) {
    throws(() => new Languages().named(name), (error: unknown) => {
      ok(error instanceof TypeError);
      match(error.message, /^Unknown language ".*": known are .*javascript.*python/);
      return true;
    });
  }
});

Deno.test("Languages.ofFile() goes by the extension, in any case", async () => {
  await using folder = await makeFolder({ "noext": "x", "odd.xyz": "x" });
  const languages = new Languages();
  equal(languages.ofFile("a/b.py").name, "python");
  equal(languages.ofFile("B.PY").name, "python");
  equal(languages.ofFile("x.tar.rb").name, "ruby");
  equal(languages.ofFile("a.d/x.c").name, "c");
  for (const name of ["noext", "odd.xyz", "missing"]) {
    throws(() => languages.ofFile(folder.file(name)), {
      name: "TypeError",
      message: /^Cannot tell the language of .*--language/,
    });
  }
});

Deno.test("Languages.ofFile() takes what is executable for a program, unless its extension tells more", async () => {
  await using folder = await makeFolder({
    "tool": "#!/bin/sh\n",
    "tool.xyz": "#!/bin/sh\n",
    ".py": "#!/bin/sh\n",
    "x.rb": "#!/bin/sh\n",
  });
  const languages = new Languages();
  equal(languages.ofFile(folder.file("tool")).name, "executable");
  equal(languages.ofFile(folder.file("tool.xyz")).name, "executable");
  equal(languages.ofFile(folder.file(".py")).name, "executable");
  equal(languages.ofFile(folder.file("x.rb")).name, "ruby");
});

Deno.test("Languages puts added ones first, and in the place of those of their name", () => {
  const python: Language = { name: "python", extensions: [".snake"], run: ["{file}"] };
  const languages = new Languages([own, python]);
  equal(languages.named("mine"), own);
  equal(languages.ofFile("x.own"), own);
  equal(languages.ofFile("x.py"), own);
  equal(languages.named("python"), python);
  equal(languages.ofFile("x.snake"), python);
  equal(languages.all.filter(({ name }) => name === "python").length, 1);
  deepEqual(new Languages().all.filter(({ name }) => name === "own"), []);
});

Deno.test("findInterpreter() takes the first that is installed, and remembers no miss", async () => {
  await using folder = await makeFolder();
  using _variables = withVariables({ PATH: folder.path });
  const names = ["first", "second"].map((name) => `${name}-${crypto.randomUUID()}`);
  const language: Language = { ...own, interpreters: names };
  const install = (name: string) => Deno.writeTextFileSync(folder.file(name), "#!/bin/sh\n", { mode: 0o755 });
  equal(findInterpreter(language), undefined);
  install(names[1]);
  equal(findInterpreter(language), folder.file(names[1]));
  install(names[0]);
  equal(findInterpreter(language), folder.file(names[0]));
  Deno.removeSync(folder.file(names[0]));
  equal(findInterpreter(language), folder.file(names[1]));
  equal(findInterpreter({ ...language, interpreters: undefined }), undefined);
});

Deno.test("findTool() finds Deno also where it is not on the path", async () => {
  await using folder = await makeFolder();
  using _variables = withVariables({ PATH: folder.path });
  equal(findTool("deno"), Deno.execPath());
});

Deno.test("missingInterpreter() says what to install", () => {
  equal(
    missingInterpreter({ ...own, interpreters: ["own", "own2"], install: "own-lang" }),
    "Cannot run own: own or own2 is not installed; install it: apt-get install own-lang",
  );
  equal(
    missingInterpreter({ ...own, install: "Own, https://own.example" }),
    "Cannot run own: own is not installed; install it: Own, https://own.example",
  );
  equal(missingInterpreter(own), "Cannot run own: own is not installed");
});
