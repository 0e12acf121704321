/** `sluice serve` as its users see it: what its flags do. */

import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { makeFolder } from "../support/folder.ts";
import { RawClient } from "../support/raw_client.ts";
import { runCli, serve } from "../support/serve.ts";

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
      "REQUEST_URI|SCRIPT_NAME|SERVER_NAME|SERVER_PORT|SERVER_PROTOCOL|SERVER_SOFTWARE|SLUICE_REQUEST|TRACEPARENT)=",
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
