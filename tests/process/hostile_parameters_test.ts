/** Parameters that would be code if anybody pasted them anywhere, given to the `echo` example of every language. */

import { deepEqual, equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Languages } from "../../mod.ts";
import { findInterpreter } from "../../src/process/languages.ts";
import { makeFolder } from "../support/folder.ts";
import { listenProgram } from "../support/in_process.ts";

interface Example {
  readonly file: string;
  readonly language: string;
  readonly mode: "plain" | "service" | "cgi";
}

const examples = new URL("../../examples/services/", import.meta.url);
const all: Example[] = JSON.parse(Deno.readTextFileSync(new URL("expected.json", examples)));
const echoes = Map.groupBy(all.filter(({ file }) => file.startsWith("echo")), ({ language }) => language);
const languages = new Languages();

/** What a shell, a template or an `eval` would run: each makes a file if it does. */
function attacks(canary: string): string[] {
  const touch = `touch ${canary}`;
  return [
    `$(${touch})`,
    `\`${touch}\``,
    `; ${touch} ;`,
    `"; ${touch}; "`,
    `'; ${touch}; '`,
    `' . system('${touch}') . '`,
    `"; system("${touch}"); "`,
    `#{system("${touch}")}`,
    `\${require("child_process").execSync("${touch}")}`,
    `@{[system("${touch}")]}`,
    `[exec ${touch}]`,
    `{{${touch}}} <?php system("${touch}") ?> %n%s%x \\ \\n \\" \\' \\0 !! ~ * ? & | < > ( ) # %`,
    `__import__("os").system("${touch}")`,
    `" |& "${touch}" |& getline`,
    "two\nlines\r\nand a\ttab",
    "Ä✓ 🫖 \u202e",
    "-n",
    "--version",
    "",
  ];
}

const names = [
  "a;id;",
  "$(id)",
  "`id`",
  "PATH",
  "BASH_FUNC_echo%%",
  "LD_PRELOAD",
  "IFS",
  "__proto__",
  "constructor",
  "toString",
  "a b",
  "a=b",
  "a\nb",
  "a\0b",
  "é",
  "'",
  '"',
  "",
];

for (const [name, [{ file, mode }]] of echoes) {
  const language = languages.named(name);
  const missing = language.interpreters !== undefined && findInterpreter(language) === undefined;
  if (missing) console.log(`not tested: ${name}, because ${language.interpreters!.join(" or ")} is not installed`);

  Deno.test({
    name: `hostile parameters are only data in ${name}`,
    ignore: missing,
    fn: async () => {
      await using folder = await makeFolder();
      const canary = folder.file("canary").replaceAll(" ", "?"); // a shell would find it without a quote
      await using server = await listenProgram({
        file: fileURLToPath(new URL(file, examples)),
        language: name,
        mode,
        timeoutMs: 60_000,
      });
      const ask = async (pairs: [string, string][]) => {
        const response = await fetch(`${server.url}/?${new URLSearchParams(pairs)}`);
        return [response.status, await response.text()];
      };
      const values = attacks(canary);
      // One that holds them all for most, each by itself for one that is quick to start.
      const asked = mode === "service" && name !== "perl" ? [values.join(" ")] : values;
      for (const value of asked) {
        deepEqual(await ask([["name", value]]), [200, `name=${value}\nmethod=GET\n`], JSON.stringify(value));
      }
      const strange = names.flatMap((key): [string, string][] => [[key, `$(touch ${canary})`], [`x${key}`, "`id`"]]);
      deepEqual(await ask([...strange, ["name", "plain"]]), [200, "name=plain\nmethod=GET\n"]);
      // An environment can hold no NUL: the variable is left out, while service mode has the value from the JSON.
      const withNul = mode === "service" ? "a\0b" : "stranger";
      deepEqual(await ask([["name", "a\0b"]]), [200, `name=${withNul}\nmethod=GET\n`]);
      deepEqual(folder.names(), []);
    },
  });
}

Deno.test("parameters never replace a variable of the environment", async () => {
  await using server = await listenProgram({ command: ["env"], env: { TRUSTED: "yes" } });
  const pairs = ["PATH", "TRUSTED", "LD_PRELOAD", "REQUEST_METHOD", "SLUICE_REQUEST", "BASH_ENV"].map((
    name,
  ) => [name, "evil"]);
  const response = await fetch(`${server.url}/?${new URLSearchParams(pairs)}`);
  const lines = (await response.text()).split("\n").filter((line) =>
    /^(?!PARAM_|QUERY_STRING|REQUEST_URI)\w+=evil/.test(line)
  );
  deepEqual(lines, []);
});

Deno.test("a function of bash is not taken from a parameter or a header", async () => {
  await using server = await listenProgram({ code: 'echo "$PARAM_x $HTTP_X"', language: "bash" });
  const shock = "() { :; }; echo shocked";
  const response = await fetch(`${server.url}/?${new URLSearchParams({ x: shock })}`, { headers: { x: shock } });
  equal(await response.text(), `${shock} ${shock}\n`);
});
