/** Words of commands, and what a client sends in them. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { type SafeCommand, safeCommand } from "../../../src/gateway/config/shell_payload.ts";
import { splitWords } from "../../../src/gateway/config/split_words.ts";

/** What a shell takes for its words. */
async function shellWords(text: string): Promise<readonly string[]> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf '%s\\0' ${text}`] }).output();
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

Deno.test("splitWords() parts as a shell does", async () => {
  const texts = [
    "a b",
    "  a\t b  ",
    "'a b' \"c d\"",
    `a'b'"c"d`,
    `"" '' x`,
    `a\\ b \\'c\\" \\\\`,
    `"a \\" \\\\ \\x \\' 'q'"`,
    `'a \\ "b"'`,
    "--flag='x y' --n=1",
    "ä 'ö ü'",
  ];
  for (const text of texts) deepEqual(splitWords(text), await shellWords(text), text);
});

Deno.test("splitWords() expands nothing", () => {
  const words = ["$HOME", "`id`", "$(id)", "*", "~", "a;b", "a|b", ">x", "#c", "&"];
  deepEqual(splitWords(words.join(" ")), words);
  deepEqual(splitWords(""), []);
  deepEqual(splitWords(" \n"), []);
});

Deno.test("splitWords() refuses a quote without its end", () => {
  for (const text of ["'a", 'a "b', `"a\\"`, `a 'b"`]) throws(() => splitWords(text), SyntaxError, text);
  throws(() => splitWords("a\\"), new SyntaxError("A backslash stands at the end"));
});

/** Runs a command with a payload as a callback target does: filled into variables and arguments, in one pass. */
async function run({ command: [name, ...args], env }: SafeCommand, payload: string): Promise<string> {
  const fill = (text: string) => text.replace("{{jsonpayload}}", () => payload);
  const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(value)]));
  const { stdout } = await new Deno.Command(name, { args: args.map(fill), env: variables }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("safeCommand() lets a shell's script have the payload whole, and never run it", async () => {
  const payloads = [
    `{"a": "b  c"}`,
    "$(echo run)",
    "`echo run`",
    `"; echo run; "`,
    "'; echo run; '",
    "\\",
    "$HOME *",
    "a\nb",
  ];
  const scripts = [
    "printf %s {{jsonpayload}}",
    'printf %s "{{jsonpayload}}"',
    "printf '%s' {{jsonpayload}} | cat",
    `: "it's" '\\'; printf %s "{{jsonpayload}}" # it's`,
    'x=$(printf %s {{jsonpayload}}); printf %s "$x"',
    "# it's\nprintf %s {{jsonpayload}}",
    'x={{jsonpayload}}; printf %s "$x"',
    "if true; then exec printf %s {{jsonpayload}}; fi",
    "printf %s {{jsonpayload}} 2>/dev/null | sed ''",
  ];
  for (const script of scripts) {
    const safe = safeCommand(["sh", "-c", script]);
    ok(typeof safe === "object", script);
    for (const payload of payloads) equal(await run(safe, payload), payload, script);
  }
});

Deno.test("safeCommand() refuses what would not be safe, and leaves other commands alone", () => {
  const scripts = [
    "echo '{{jsonpayload}}'",
    "echo '\\' '{{jsonpayload}}'",
    'echo "$(cat {{jsonpayload}})"',
    'echo "`cat {{jsonpayload}}`"',
    'eval "echo {{jsonpayload}}"',
    'ssh host "echo {{jsonpayload}}"',
    'bash -c "echo {{jsonpayload}}"',
    'python3 -c "print({{jsonpayload}})"',
    "{{jsonpayload}}",
    "A=b {{jsonpayload}}",
    "exec {{jsonpayload}}",
    "if true; then {{jsonpayload}}; fi",
    "env {{jsonpayload}}",
    "2>/dev/null bash {{jsonpayload}}",
    "PATH={{jsonpayload}} ls",
    "$SHELL {{jsonpayload}}",
    "export {{jsonpayload}}",
    "awk {{jsonpayload}}",
    ". {{jsonpayload}}",
    "echo $(( {{jsonpayload}} ))",
    "[[ {{jsonpayload}} -eq 1 ]]",
    "echo ${x[{{jsonpayload}}]}",
    "echo {{jsonpayload}} | sh",
    "echo {{jsonpayload}} | /bin/bash -s",
    "sh <<< {{jsonpayload}}",
    "sh <<E\necho {{jsonpayload}}\nE",
    "sh <(echo {{jsonpayload}})",
    "echo x > {{jsonpayload}}",
  ];
  for (const script of scripts) equal(typeof safeCommand(["/bin/bash", "-ec", script]), "string", script);
  for (const command of [["echo", "-c", "{{jsonpayload}}"], ["sh", "x.sh", "{{jsonpayload}}"], ["sh", "-c", "echo"]]) {
    deepEqual(safeCommand(command), { command, env: {} });
  }
});
