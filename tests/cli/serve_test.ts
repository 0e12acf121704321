/** `sluice serve` as its users see it: flags, messages, exit codes, signals. */

import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { makeFolder } from "../support/folder.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { RawClient } from "../support/raw_client.ts";
import { runCli, serve } from "../support/serve.ts";
import { until } from "../support/within.ts";
import metadata from "../../deno.json" with { type: "json" };

async function text(url: string, init?: RequestInit): Promise<string> {
  return await (await fetch(url, init)).text();
}

/** Lines of standard error behind the one that says where the server listens. */
function linesAfterStart(stderr: string): string[] {
  return stderr.split("\n").slice(1).filter((line) => line !== "");
}

Deno.test("serve takes the next free port when the one asked for is taken", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using server = await serve(["cat"], { command: ["serve", "-p", String(taken.addr.port)] });
  ok(server.port > taken.addr.port && server.port <= taken.addr.port + 100, `it listens on ${server.port}`);
  equal(await text(server.url, { method: "POST", body: "hello" }), "hello");
});

Deno.test("serve -p 0 takes any free port and says which", async () => {
  await using first = await serve(["cat"]);
  await using second = await serve(["cat"]);
  notEqual(first.port, second.port);
  ok(first.port > 0 && second.port > 0);
});

Deno.test("serve reads its port from SLUICE_PORT, and a flag wins over it", async () => {
  await using byVariable = await serve(["cat"], { command: ["serve"], env: { SLUICE_PORT: "0" } });
  ok(byVariable.port > 0);
  await using byFlag = await serve(["cat"], { env: { SLUICE_PORT: "1" } });
  ok(byFlag.port > 1);
});

Deno.test("serve listens on loopback only, unless --host says otherwise", async () => {
  await using server = await serve(["cat"]);
  equal(new URL(server.url).hostname, "127.0.0.1");
  await using other = await serve(["-H", "127.0.0.2", "cat"]);
  equal(new URL(other.url).hostname, "127.0.0.2");
  equal(await text(other.url, { method: "POST", body: "there" }), "there");
});

Deno.test("serve writes an IPv6 address into its URL so that it can be used", async () => {
  await using server = await serve(["--host", "::1", "cat"]);
  match(server.url, /^http:\/\/\[::1\]:\d+$/);
  equal(await text(server.url, { method: "POST", body: "six" }), "six");
});

Deno.test("--help explains every command on standard output and ends with 0", async () => {
  for (const args of [["--help"], ["-h"], ["serve", "--help"], ["languages", "-h"]]) {
    const { code, stdout, stderr } = await runCli(args);
    deepEqual([code, stderr], [0, ""], args.join(" "));
    match(stdout, /^Usage: /);
  }
  const { stdout } = await runCli(["serve", "--help"]);
  const flags =
    "--port --host --timeout --idle-timeout --language --languages --watch --mode --cgi --max-concurrency " +
    "--queue --max-body --env --cwd --type --dev --log --once";
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
    [["serve", "--prot", "80", "cat"], /Did you mean --port\?/],
    [["serve", "-p", "65536", "cat"], /It is a port from 0/],
    [["serve", "-p", "12x", "cat"], /It is a port from 0/],
    [["serve", "-t", "-1", "cat"], /It is a number of milliseconds/],
    [["serve", "--max-body", "10q", "cat"], /It is a size such as/],
    [["serve", "--max-concurrency", "0", "cat"], /It is a whole number from 1/],
    [["serve", "--env", "=x", "cat"], /It is NAME or NAME=VALUE/],
    [["serve", "--env", "SLUICE_TEST_NOT_SET", "cat"], /SLUICE_TEST_NOT_SET is not set here/],
    [["serve", "--mode", "psychic", "cat"], /Allowed choices are plain, cgi, service/],
    [["serve", "--cgi", "--mode", "plain", "cat"], /--cgi and --mode plain contradict each other/],
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
    [["-l", "klingon", folder.file("notes.txt")], /^sluice: Unknown language "klingon": known are javascript, /],
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

Deno.test("sluice PROGRAM is the same as sluice serve PROGRAM", async () => {
  await using folder = await makeFolder({ "args.sh": 'echo "$@"\n' });
  await using server = await serve(["-p", "0", folder.file("args.sh"), "-p", "--flag", "a b"], { command: [] });
  equal(await text(server.url), "-p --flag a b\n");
});

Deno.test("serve runs a command with its arguments, which no shell sees", async () => {
  await using server = await serve(["printf", "%s|", "$HOME", "a  b", "*"]);
  equal(await text(server.url), "$HOME|a  b|*|");
});

Deno.test("serve runs a file whose name needs care", async () => {
  await using folder = await makeFolder({ 'it\'s; $(id) "é".py': "print('ran', __file__.rsplit('/', 1)[1])\n" });
  await using server = await serve([folder.file('it\'s; $(id) "é".py')]);
  equal(await text(server.url), 'ran it\'s; $(id) "é".py\n');
});

Deno.test("serve mounts several programs, each with its SCRIPT_NAME and PATH_INFO", async () => {
  await using folder = await makeFolder({ "where.sh": 'echo "$SCRIPT_NAME|$PATH_INFO|$QUERY_STRING"\n' });
  const where = folder.file("where.sh");
  await using server = await serve([`/a=${where}`, `/a/deep=${where}`, "/b/=cat"]);
  equal(await text(`${server.url}/a`), "/a||\n");
  equal(await text(`${server.url}/a/`), "/a|/|\n");
  equal(await text(`${server.url}/a/x%20y/z?q=1`), "/a|/x y/z|q=1\n");
  equal(await text(`${server.url}/a/deep/er`), "/a/deep|/er|\n");
  equal(await text(`${server.url}/b/c`, { method: "POST", body: "b" }), "b");
  for (const path of ["/", "/ab", "/c"]) {
    const response = await fetch(server.url + path);
    equal(response.status, 404);
    await response.body?.cancel();
  }
});

Deno.test("a program sees the variables that --env gives it and none of the server's secrets", async () => {
  await using server = await serve(
    ["--env", "PASSED_ON", "--env", "SET=a=b c", "--env", "EMPTY=", "env"],
    { env: { PASSED_ON: "from outside", AWS_SECRET_ACCESS_KEY: "secret", SLUICE_TEST_TOKEN: "secret", LC_ALL: "C" } },
  );
  const lines = (await text(`${server.url}/?SET=param`)).trimEnd().split("\n");
  ok(lines.includes("PASSED_ON=from outside"));
  ok(lines.includes("SET=a=b c"));
  ok(lines.includes("EMPTY="));
  ok(lines.includes("LC_ALL=C"));
  deepEqual(lines.filter((line) => line.includes("secret")), []);
  const known = new RegExp(
    "^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|TZ|TMPDIR|LC_[A-Z]+|PASSED_ON|SET|EMPTY|PARAM_SET|HTTP_[A-Z_]+|" +
      "GATEWAY_INTERFACE|PATH_INFO|QUERY_STRING|REMOTE_ADDR|REMOTE_HOST|REQUEST_ID|REQUEST_METHOD|REQUEST_SCHEME|" +
      "REQUEST_URI|SCRIPT_NAME|SERVER_NAME|SERVER_PORT|SERVER_PROTOCOL|SERVER_SOFTWARE|SLUICE_REQUEST)=",
  );
  deepEqual(lines.filter((line) => !known.test(line)), []);
});

Deno.test("the environment of a request can not replace a variable that a program trusts", async () => {
  await using server = await serve(["--env", "HTTP_PROXY=http://proxy.internal", "env"]);
  const lines = (await text(server.url, { headers: { Proxy: "http://evil", "X-A": "1" } })).split("\n");
  deepEqual(lines.filter((line) => /^HTTP.*evil/.test(line)), []);
  ok(lines.includes("HTTP_PROXY=http://proxy.internal"));
});

Deno.test("--once runs a program from standard input to standard output and ends with 0", async () => {
  deepEqual(await runCli(["serve", "--once", "tr", "a-z", "A-Z"], { stdin: "over\nand out\n" }), {
    code: 0,
    stdout: "OVER\nAND OUT\n",
    stderr: "",
  });
});

Deno.test("--once gives a script its service object, and passes its standard error on", async () => {
  await using folder = await makeFolder({
    "once.py": "import sys\nsys.stderr.write('aside\\n')\nprint(service.req.method, len(service.req.read()))\n",
  });
  const { code, stdout, stderr } = await runCli(["serve", "--once", folder.file("once.py")], {
    stdin: "x".repeat(300_000),
  });
  deepEqual([code, stdout, stderr], [0, "POST 300000\n", "aside\n"]);
});

Deno.test("--once ends with 1 when the program fails, before or after its first output", async () => {
  await using folder = await makeFolder({
    "before.sh": "exit 3\n",
    "after.sh": "echo begun; read -r line; exit 3\n",
    "slow.sh": "exec sleep 1000\n",
  });
  const before = await runCli(["serve", "--once", folder.file("before.sh")], { stdin: "" });
  deepEqual([before.code, before.stdout], [1, ""]);
  match(before.stderr, /^sluice: .*exit code 3/m);
  const after = await runCli(["serve", "--once", folder.file("after.sh")], { stdin: "go\n" });
  equal(after.code, 1);
  match(after.stderr, /^sluice: .*exit code 3/m);
  const slow = await runCli(["serve", "--once", "-t", "200", folder.file("slow.sh")], { stdin: "" });
  equal(slow.code, 1);
  match(slow.stderr, /^sluice: .*200 ms/m);
});

Deno.test("--cgi lets a program write its own head", async () => {
  await using folder = await makeFolder({
    "teapot.sh": "printf 'Status: 418 Teapot\\nX-Teapot: yes\\nContent-Type: text/x-tea\\n\\nshort'\n",
  });
  await using server = await serve(["--cgi", folder.file("teapot.sh")]);
  const response = await fetch(server.url);
  deepEqual(
    [response.status, response.headers.get("x-teapot"), response.headers.get("content-type"), await response.text()],
    [418, "yes", "text/x-tea", "short"],
  );
});

Deno.test("--type names the type of answers that name none", async () => {
  await using server = await serve(["--type", "text/html; charset=utf-8", "echo", "<p>"]);
  const response = await fetch(server.url);
  deepEqual([response.headers.get("content-type"), await response.text()], ["text/html; charset=utf-8", "<p>\n"]);
});

Deno.test("--cwd is where the program runs", async () => {
  await using folder = await makeFolder();
  await using server = await serve(["--cwd", folder.path, "pwd"]);
  equal(await text(server.url), Deno.realPathSync(folder.path) + "\n");
});

Deno.test("standard error reaches the client with --dev only", async () => {
  await using folder = await makeFolder({ "fail.sh": "echo the inner reason >&2; exit 3\n" });
  await using plain = await serve([folder.file("fail.sh")]);
  const hidden = await fetch(plain.url);
  deepEqual([hidden.status, hidden.headers.get("content-type")], [502, "application/problem+json"]);
  const problem = await hidden.text();
  ok(!problem.includes("inner reason") && !problem.includes("exit") && !problem.includes(folder.path), problem);
  await plain.said(/the inner reason/);

  await using dev = await serve(["--dev", folder.file("fail.sh")]);
  const shown = await (await fetch(dev.url)).json();
  deepEqual([shown.status, shown.stderr, shown.code], [502, "the inner reason\n", 3]);
});

Deno.test("--watch builds a changed C file again, and without it the old one goes on", async () => {
  const source = (word: string) => `#include <stdio.h>\nint main(void) { puts("${word}"); return 0; }\n`;
  await using folder = await makeFolder({ "word.c": source("first") });
  await using watching = await serve(["--watch", folder.file("word.c")]);
  await using still = await serve([folder.file("word.c")]);
  deepEqual([await text(watching.url), await text(still.url)], ["first\n", "first\n"]);
  await Deno.writeTextFile(folder.file("word.c"), source("second"));
  deepEqual([await text(watching.url), await text(still.url)], ["second\n", "first\n"]);
  await Deno.writeTextFile(folder.file("word.c"), "int main(void) { return }");
  const broken = await fetch(watching.url);
  equal(broken.status, 500);
  await broken.body?.cancel();
  await Deno.writeTextFile(folder.file("word.c"), source("third"));
  equal(await text(watching.url), "third\n");
});

Deno.test("a script that has changed is run as it is now, with or without --watch", async () => {
  await using folder = await makeFolder({ "word.py": "print('first')\n" });
  await using server = await serve([folder.file("word.py")]);
  equal(await text(server.url), "first\n");
  await Deno.writeTextFile(folder.file("word.py"), "print('second')\n");
  equal(await text(server.url), "second\n");
});

Deno.test("--log json writes one JSON object a line, for requests and for standard error", async () => {
  await using folder = await makeFolder({ "noisy.sh": "echo 'a \"quoted\" aside' >&2; echo answer\n" });
  await using server = await serve(["--log", "json", folder.file("noisy.sh")]);
  equal(await text(`${server.url}/x?y=1`, { headers: { "x-request-id": "id-1" } }), "answer\n");
  await server.said(/GET \/x.*\n/);
  const events = linesAfterStart(server.stderr).map((line) => JSON.parse(line));
  const access = events.find(({ message }) => message === "GET /x?y=1");
  deepEqual([access.level, access.status, access.bytes, access.request, access.client], [
    "info",
    200,
    7,
    "id-1",
    "127.0.0.1",
  ]);
  const aside = events.find(({ stream }) => stream === "stderr");
  deepEqual([aside.message, aside.request], ['a "quoted" aside', "id-1"]);
});

Deno.test("--log none writes nothing but where the server listens", async () => {
  await using server = await serve(["--log", "none", "sh", "-c", "echo aside >&2; echo answer"]);
  equal(await text(server.url), "answer\n");
  equal(await server.stop(), 0);
  deepEqual(linesAfterStart(server.stderr), []);
});

Deno.test("the access log has one line a request, with what came of it", async () => {
  await using server = await serve(["sh", "-c", 'test "$PARAM_fail" = 1 && exit 1; cat; echo done']);
  for (let i = 0; i < 5; i++) await text(`${server.url}/r${i}`, { method: "POST", body: "12345" });
  await text(`${server.url}/failing?fail=1`);
  await text(`${server.url}/%0aforged%1b[31m`);
  await server.said(/GET \/%0aforged/);
  const accesses = linesAfterStart(server.stderr).filter((line) => /(GET|POST) \//.test(line));
  equal(accesses.length, 7, server.stderr);
  for (let i = 0; i < 5; i++) {
    match(accesses[i], new RegExp(`^\\S+Z POST /r${i} status=200 ms=[\\d.]+ bytes=10 client=127.0.0.1 request=\\S+$`));
  }
  match(accesses[5], /^\S+Z warn GET \/failing\?fail=1 status=502 /);
});

Deno.test("a program's standard error can not forge a line of the log", async () => {
  await using server = await serve(["sh", "-c", "printf 'x\\r\\033[2Jy\\n' >&2; echo answer"]);
  equal(await text(server.url), "answer\n");
  await server.said(/x\\x0d\\x1b\[2Jy/);
  ok(!server.stderr.includes("\x1b"));
});

Deno.test("--max-body refuses a larger body with 413, announced or not", async () => {
  await using server = await serve(["--max-body", "1k", "wc", "-c"]);
  equal(await text(server.url, { method: "POST", body: "x".repeat(1024) }), "1024\n");
  const announced = await fetch(server.url, { method: "POST", body: "x".repeat(1025) });
  equal(announced.status, 413);
  await announced.body?.cancel();
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  await client.send(`800\r\n${"x".repeat(0x800)}\r\n0\r\n\r\n`);
  equal((await client.head()).status, 413);
});

Deno.test("--languages adds a language from TOML, YAML and JSON", async () => {
  await using folder = await makeFolder({
    "up.zz": "shout",
    "t.toml": '[languages.zz]\nextensions = [".zz"]\ninterpreters = ["cat"]\nrun = ["{interpreter}", "{file}"]\n',
    "t.yaml":
      'languages:\n  zz:\n    extensions: [".zz"]\n    interpreters: [cat]\n    run: ["{interpreter}", "{file}"]\n',
    "t.json": JSON.stringify({
      languages: { zz: { extensions: [".zz"], interpreters: ["cat"], run: ["{interpreter}", "{file}"] } },
    }),
  });
  for (const table of ["t.toml", "t.yaml", "t.json"]) {
    await using server = await serve(["--languages", folder.file(table), folder.file("up.zz")]);
    equal(await text(server.url), "shout", table);
  }
});

Deno.test("a language file in the configuration folder is used without being named", async () => {
  await using folder = await makeFolder({ "up.zz": "shout" });
  await Deno.mkdir(folder.file("sluice"));
  await Deno.writeTextFile(
    folder.file("sluice/languages.toml"),
    '[languages.zz]\nextensions = [".zz"]\ninterpreters = ["cat"]\nrun = ["{interpreter}", "{file}"]\n',
  );
  await using server = await serve([folder.file("up.zz")], { env: { XDG_CONFIG_HOME: folder.path } });
  equal(await text(server.url), "shout");
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

Deno.test("SIGINT ends the programs that run, their children too, and then the server with 0", async () => {
  await using folder = await makeFolder({
    "tree.sh": 'exec 9>"$LIFELINE"; sleep 1000 & (sleep 1000 & wait) & echo "$$" >&9; echo begun; wait\n',
  });
  await using lifeline = await makeLifeline(folder);
  await using server = await serve(["-t", "0", "--env", `LIFELINE=${lifeline.path}`, folder.file("tree.sh")]);
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await client.head()).status, 200);
  equal(await client.chunk(), "begun\n");
  await lifeline.line();
  equal(await server.stop(), 0, server.stderr);
  await lifeline.gone();
});

Deno.test("SIGINT lets an answer that is under way come to its end", async () => {
  await using folder = await makeFolder({ "wait.sh": "echo begun; read -r line; echo $line\n" });
  await using server = await serve(["-t", "0", folder.file("wait.sh")]);
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  await client.head();
  equal(await client.chunk(), "begun\n");
  const stopped = server.stop();
  await refused(server.port);
  await client.send("done\n");
  equal(await client.chunk(), "done\n");
  equal(await client.chunk(), "");
  equal(await stopped, 0, server.stderr);
});

Deno.test("SIGTERM ends the server with 0 as well", async () => {
  await using server = await serve(["cat"]);
  equal(await server.stop("SIGTERM"), 0);
});

Deno.test("a second SIGINT waits for nobody, and still leaves no program behind", async () => {
  await using folder = await makeFolder({
    "stay.sh": 'exec 9>"$LIFELINE"; echo "$$" >&9; echo begun; exec sleep 1000\n',
  });
  await using lifeline = await makeLifeline(folder);
  await using server = await serve(["-t", "0", "--env", `LIFELINE=${lifeline.path}`, folder.file("stay.sh")]);
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.head();
  const pid = Number(await lifeline.line());
  try {
    const stopped = server.stop();
    await refused(server.port);
    Deno.kill(server.pid, "SIGINT");
    equal(await stopped, 130);
    await lifeline.gone();
  } finally {
    killQuietly(pid);
  }
});

/** Waits until nobody accepts connections on a port. */
async function refused(port: number): Promise<void> {
  await until("the server accepts no more", async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return false;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return true;
      throw error;
    }
  });
}

function killQuietly(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It is gone, as it should be.
  }
}
