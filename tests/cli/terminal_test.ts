/** Commands as a person has them: on a terminal, narrow ones too, with Ctrl-C; and in pipes, without escapes. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { failureText, usageLine } from "../../src/cli/failure.ts";
import { terminalOf } from "../../src/cli/terminal/terminal.ts";
import { makeFolder } from "../support/folder.ts";
import { RawClient } from "../support/raw_client.ts";
import { runCli, serve } from "../support/serve.ts";
import { sluiceLine } from "../support/sluice.ts";
import { serveStreams } from "../support/stream_server.ts";
import { CTRL_C, onTerminal } from "../support/terminal.ts";
import { until } from "../support/within.ts";

/** Without what Deno itself shows while it looks for packages; the escapes that are left can be seen. */
const own = (text: string) =>
  text.replaceAll("\x1b[0G\x1b[2K\x1b[J", "").replaceAll("\r\n", "\n").replaceAll("\x1b", "ESC");

const source = (isTerminal: boolean, variables: Record<string, string>, columns = 100) => ({
  isTerminal: () => isTerminal,
  columns: () => columns,
  variable: (name: string): string | undefined => variables[name],
});

Deno.test("colours: a flag before NO_COLOR, that before FORCE_COLOR, that before what the terminal is", () => {
  const cases: [isTerminal: boolean, variables: Record<string, string>, flag: boolean | undefined, color: boolean][] = [
    [true, {}, undefined, true],
    [false, {}, undefined, false],
    [true, { TERM: "dumb" }, undefined, false],
    [true, { NO_COLOR: "1" }, undefined, false],
    [true, { NO_COLOR: "" }, undefined, true],
    [true, { NO_COLOR: "1" }, true, true],
    [false, { FORCE_COLOR: "1" }, undefined, true],
    [false, { CLICOLOR_FORCE: "1" }, undefined, true],
    [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, undefined, false],
    [true, { FORCE_COLOR: "0" }, undefined, false],
    [true, {}, false, false],
  ];
  for (const [isTerminal, variables, flag, color] of cases) {
    equal(terminalOf(source(isTerminal, variables), flag).color, color, JSON.stringify([isTerminal, variables, flag]));
  }
});

Deno.test("a terminal has a width, 80 when it does not tell, and a pipe has none", () => {
  equal(terminalOf(source(true, {}, 40)).columns, 40);
  equal(terminalOf(source(true, {}, 0)).columns, 80);
  equal(terminalOf(source(false, {}, 40)).columns, undefined);
  deepEqual([true, false].map((isTerminal) => terminalOf(source(isTerminal, {})).canRewrite), [true, false]);
  equal(terminalOf(source(true, { TERM: "dumb" })).canRewrite, false);
});

Deno.test("what the system says in codes is told in words with one thing to do", () => {
  const missing = Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT", path: "/x", syscall: "open" });
  equal(failureText(missing), "Cannot open /x: it is not there; look at the name");
  equal(failureText(new Error("Cannot serve")), "Cannot serve");
  equal(failureText("text"), "text");
});

Deno.test("wrong usage is one line with one suggestion", async () => {
  equal(
    usageLine("error: unknown option '--prot'\n(Did you mean --port?)\n", "sluice serve"),
    "sluice: unknown option '--prot'; did you mean --port?\n",
  );
  equal(usageLine("error: too many\n", "sluice tail"), "sluice: too many; see `sluice tail --help`\n");
  const invalid = "error: option '-p, --port <port>' argument 'x' is invalid. It is a port.\n";
  equal(usageLine(invalid, "sluice serve"), invalid.replace("error", "sluice"));
  const near: [args: string[], flag: string][] = [
    [["serve", "--prot", "1", "x"], "--port"],
    [["loom", "--tokn", "x"], "--token"],
    [["gateway", "--chek"], "--check"],
    [["registry", "watch", "x:1", "--jsno"], "--json"],
    [["doctor", "--colour"], "--color"],
    [["languages", "--jsn"], "--json"],
    [["call", "--joni", "x", "y"], "--join"],
  ];
  await Promise.all(near.map(async ([args, flag]) => {
    const { code, stdout, stderr } = await runCli(args);
    deepEqual([code, stdout], [2, ""]);
    ok(stderr.includes(`ean ${flag}?`), stderr);
  }));
});

Deno.test("a table fits a narrow terminal, in colours, and leaves the terminal as it was", async () => {
  await using shown = onTerminal("sluice doctor", { columns: 40 });
  equal(await shown.code, 0);
  const text = own(shown.text);
  ok(text.includes("ESC[1mVERDICTESC[0m"), text);
  const lines = text.replace(/ESC\[\d+m/g, "").split("\n");
  deepEqual(lines.filter((line) => line.length > 40), []);
  ok(lines.some((line) => line.startsWith("launcher ")), text);
  match(text, /\nmode kept\n$/);
});

Deno.test("NO_COLOR takes colours from a terminal, and --color gives them to a pipe", async () => {
  await using shown = onTerminal("sluice doctor", { env: { NO_COLOR: "1" } });
  equal(await shown.code, 0);
  equal(own(shown.text).includes("ESC"), false, own(shown.text));
  const piped = await runCli(["doctor"], { env: { NO_COLOR: "", TERM: "xterm" } });
  equal(piped.stdout.includes("\x1b"), false);
  ok((await runCli(["doctor", "--color"])).stdout.includes("\x1b[1mVERDICT\x1b[0m"));
});

Deno.test("an upload shows how far it has come in one line that is written over", async () => {
  await using server = await serveStreams();
  await using shown = onTerminal(`printf 12345 | sluice stream ${server.url} up`, { columns: 40 });
  equal(await shown.code, 0);
  match(own(shown.text), /^up\n(\rESC\[Kup: [^\n]{1,36})*\rESC\[Kup: 5 B, \S+ k?B\/s\nmode kept\n$/);
});

Deno.test("a program that takes long to build is told of in a line that is gone when it is built", async () => {
  await using folder = await makeFolder({ "slow.zz": "", "zzc": '#!/bin/sh\nread -r _ < "$2.go"\ncp /bin/cat "$3"\n' });
  const table = folder.file("table.toml");
  const fifo = folder.file("slow.zz.go");
  equal((await new Deno.Command("mkfifo", { args: [fifo] }).output()).code, 0);
  await Deno.writeTextFile(
    table,
    `[languages.zz]\nextensions = [".zz"]\ninterpreters = [${JSON.stringify(folder.file("zzc"))}]\n` +
      'build = ["{interpreter}", "-", "{file}", "{out}"]\nrun = ["{out}"]\n',
  );
  const line = (env: string) => `${env} sluice serve -p 0 --languages '${table}' '${folder.file("slow.zz")}'`;
  const env = { SLUICE_CACHE_DIR: folder.file("cache") };
  await using shown = onTerminal(line(""), { env });
  await shown.said(/sluice serve: building slow\.zz … \d\.\d s/);
  await Deno.writeTextFile(fifo, "\n");
  await shown.said(/sluice serve: listening on/);
  match(own(shown.text), /building slow\.zz … \d+\.\d s\rESC\[Ksluice serve: listening on/);
  await shown.press(CTRL_C);
  equal(await shown.code, 0);
});

/** A line for each command that runs until Ctrl-C, what it says before, and its exit code. */
function lasting(loom: string, hub: string, folder: string): [line: string, says: RegExp, code: number][] {
  return [
    ["sluice serve -p 0 cat", /listening on/, 0],
    [`sluice gateway -c '${folder}/routes.toml'`, /listening on/, 0],
    [`sluice loom -p 0 --data '${folder}/data'`, /listening on/, 0],
    ["sluice registry listen 0", /listening on/, 0],
    [`sluice registry watch ${hub}`, /REGISTER/, 0],
    [`sluice registry register ${hub} web@1.0.0 -- sh -c 'echo begun; exec sleep 1000'`, /begun/, 0],
    ["sluice node --listen 0 shout='tr a-z A-Z'", /listening on/, 0],
    [`sluice stream ${loom} from-terminal`, /from-terminal/, 130],
    [`sluice tail ${loom} filled`, /content/, 130],
  ];
}

Deno.test("Ctrl-C ends each command that lasts, and leaves the terminal as it was", async () => {
  await using folder = await makeFolder({
    "routes.toml": 'listen = ["127.0.0.1:0"]\n[[routes]]\npath = "/"\nrespond = "hello"\n',
  });
  await using loom = await serveStreams();
  await loom.store.create("filled", { contentType: "text/plain", bytes: new TextEncoder().encode("content\n") });
  await using hub = await serve([], { command: ["registry", "listen", "0"] });
  await using keeper = onTerminal(`sluice registry register ${hub.url} one@1.0.0 --port 9`);
  for (const [line, says, code] of lasting(loom.url, hub.url, folder.path)) {
    await using shown = onTerminal(line);
    await shown.said(says);
    await shown.press(CTRL_C);
    equal(await shown.code, code, shown.text);
    match(own(shown.text), /mode kept\n$/, line);
    equal(own(shown.text).includes("\x1b[?25l"), false, "the cursor is hidden");
  }
  await keeper.press(CTRL_C);
  equal(await keeper.code, 0);
});

Deno.test("Ctrl-C twice ends a server that waits for a request at once, with 130", async () => {
  await using folder = await makeFolder({ "stay.sh": "echo begun; exec sleep 1000\n" });
  await using shown = onTerminal(`sluice serve -t 0 -p 0 '${folder.file("stay.sh")}'`);
  const [, url] = await shown.said(/listening on (\S+)/);
  using client = await RawClient.connect(url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await client.head()).status, 200);
  await shown.press(CTRL_C);
  await until("it accepts no more connections", () => refuses(Number(new URL(url).port)));
  await shown.press(CTRL_C);
  equal(await shown.code, 130, shown.text);
  match(own(shown.text), /mode kept\n$/);
});

Deno.test("a reader of a pipe that leaves early ends a command quietly", async () => {
  for (const args of ["languages", "doctor", "gateway --schema", "serve --help"]) {
    const line = `{ ${sluiceLine()} ${args}; echo "code $?" >&2; } | head -c 1`;
    const { stdout, stderr } = await runCli(["-c", line], { program: "sh" });
    equal(stdout.length, 1);
    match(stderr, /^code [01]\n$/, args);
  }
});

async function refuses(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ port })).close();
    return false;
  } catch {
    return true;
  }
}
