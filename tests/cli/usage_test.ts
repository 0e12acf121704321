/** What the command line says of itself, and of what is wrong with a call: words, and exit codes. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { makeFolder } from "../support/folder.ts";
import { runCli } from "../support/serve.ts";
import metadata from "../../deno.json" with { type: "json" };

Deno.test("--help explains every command on standard output and ends with 0", async () => {
  for (const args of [["--help"], ["-h"], ["serve", "--help"], ["languages", "-h"]]) {
    const { code, stdout, stderr } = await runCli(args);
    deepEqual([code, stderr], [0, ""], args.join(" "));
    match(stdout, /^Usage: /);
  }
  const { stdout } = await runCli(["serve", "--help"]);
  const flags =
    "--port --host --timeout --idle-timeout --language --languages --watch --mode --cgi --max-concurrency " +
    "--queue --max-body --env --cwd --type --dev --log --workers --once";
  for (const flag of flags.split(" ")) ok(stdout.includes(flag), `${flag} is not explained`);
});

Deno.test("--version prints the version and nothing else", async () => {
  deepEqual(await runCli(["--version"]), { code: 0, stdout: metadata.version + "\n", stderr: "" });
});

Deno.test("wrong usage ends with 2 and says on standard error what is wrong", async () => {
  const wrong: [args: string[], message: RegExp][] = [
    [[], /Usage: sluice/],
    [["serve"], /missing required argument 'program'/],
    [["serve", "--nonsense", "cat"], /unknown option '--nonsense'/],
    [["serve", "--prot", "80", "cat"], /did you mean --port\?/],
    [["serve", "-p", "65536", "cat"], /It is a port from 0/],
    [["serve", "-p", "12x", "cat"], /It is a port from 0/],
    [["serve", "-t", "-1", "cat"], /It is a number of milliseconds/],
    [["serve", "--max-body", "10q", "cat"], /It is a size such as/],
    [["serve", "--max-concurrency", "0", "cat"], /It is a whole number from 1/],
    [["serve", "--env", "=x", "cat"], /It is NAME or NAME=VALUE/],
    [["serve", "--env", "SLUICE_TEST_NOT_SET", "cat"], /SLUICE_TEST_NOT_SET is not set here/],
    [["serve", "--mode", "psychic", "cat"], /Allowed choices are plain, cgi, service/],
    [["serve", "--cgi", "--mode", "plain", "cat"], /--cgi and --mode plain contradict each other/],
    [["serve", "-l", "klingon", "cat"], /Unknown language "klingon": known are javascript, /],
    [["serve", "--log", "xml", "cat"], /Allowed choices are human, json, none/],
    [["serve", "/a=cat", "tac"], /every program needs a path, \/PATH=PROGRAM/],
    [["serve", "/a=cat", "/a/=tac"], /Cannot serve two programs at \/a/],
    [["languages", "too-much"], /too many arguments/],
  ];
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await runCli(args);
    deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
    match(stderr, message);
  }
});

Deno.test("what can not be served ends with 1 and one line that says what to do", async () => {
  await using folder = await makeFolder({
    "notes.txt": "no program",
    "hello.rb": "puts 'hello'\n",
    "hello.zz": "hello",
    "broken.c": "int main(void) { return }\n",
    "table.toml": '[languages.zz]\nextensions = [".zz"]\ninterpreters = ["zz-not-there"]\n' +
      'run = ["{interpreter}", "{file}"]\ninstall = "zz-interpreter"\n',
  });
  const failing: [args: string[], message: RegExp, env?: Record<string, string>][] = [
    [[folder.file("missing.py")], /^sluice: Cannot serve .*missing\.py: there is no such file/],
    [
      ["no-such-command-here"],
      /^sluice: Cannot serve no-such-command-here: there is no such file, and no such command/,
    ],
    [["-l", "python", folder.file("missing.py")], /^sluice: No such file: .*missing\.py$/m],
    [[folder.file("notes.txt")], /^sluice: Cannot tell the language of .*notes\.txt: name it with --language, or make/],
    [[folder.file("hello.rb")], /^sluice: Cannot run ruby: ruby is not installed; install it: apt-get install ruby$/m, {
      PATH: "/nowhere",
    }],
    [
      ["--languages", folder.file("table.toml"), folder.file("hello.zz")],
      /^sluice: Cannot run zz: zz-not-there is not installed; install it: apt-get install zz-interpreter$/m,
    ],
    [[folder.file("broken.c")], /^sluice: Cannot build .*broken\.c: [\s\S]*error: /],
    [["--mode", "service", "cat"], /^sluice: Cannot run a command in service mode/],
  ];
  for (const [args, message, env] of failing) {
    const { code, stdout, stderr } = await runCli(["serve", "-p", "0", ...args], { env });
    deepEqual([code, stdout], [1, ""], `${args.join(" ")}: ${stderr}`);
    match(stderr, message);
  }
});

Deno.test("a mistyped command is answered with the one that was meant", async () => {
  for (const [typed, meant] of [["languges", "languages"], ["sevre", "serve"], ["serv", "serve"]]) {
    const { code, stderr } = await runCli([typed]);
    equal(code, 1);
    match(stderr, new RegExp(`did you mean the command "${meant}"\\?`));
  }
});

Deno.test("a bad language file is refused with the name of what is wrong in it", async () => {
  const wrong: Record<string, [content: string, message: RegExp]> = {
    "unknown.toml": ['[languages.zz]\nrun = ["cat"]\ncolour = "red"\n', /\/languages\/zz .*colour/],
    "no-run.json": ['{ "languages": { "zz": { "extensions": [".zz"] } } }', /\/languages\/zz .*'run'/],
    "type.yaml": ["languages:\n  zz:\n    run: cat {file}\n", /\/languages\/zz\/run must be array/],
    "extension.json": [
      '{ "languages": { "zz": { "run": ["cat"], "extensions": ["zz"] } } }',
      /\/languages\/zz\/extensions\/0 /,
    ],
    "runner.json": [
      '{ "languages": { "zz": { "run": ["cat"], "runner": "../x" } } }',
      /\/languages\/zz\/runner .*python\.py/,
    ],
    "name.json": ['{ "languages": { "Z Z": { "run": ["cat"] } } }', /Z Z|\/languages .*name/],
    "top.json": ['{ "language": {} }', /'languages'.*language/],
    "syntax.toml": ["[languages", /Cannot read .*syntax\.toml: /],
    "syntax.json": ["{", /Cannot read .*syntax\.json: /],
    "table.ini": ["[languages]", /its name ends in none of \.toml, \.yaml, \.yml, \.json/],
  };
  await using folder = await makeFolder(
    Object.fromEntries(Object.entries(wrong).map(([name, [text]]) => [name, text])),
  );
  for (const [name, [, message]] of Object.entries(wrong)) {
    const { code, stdout, stderr } = await runCli(["serve", "-p", "0", "--languages", folder.file(name), "cat"]);
    deepEqual([code, stdout], [1, ""], `${name}: ${stderr}`);
    ok(stderr.includes(name), stderr);
    match(stderr, message);
  }
  const missing = await runCli(["serve", "-p", "0", "--languages", folder.file("missing.toml"), "cat"]);
  equal(missing.code, 1);
  match(missing.stderr, /missing\.toml/);
});
