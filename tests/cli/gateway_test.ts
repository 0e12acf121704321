/** `sluice gateway` as its users start it. */

import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { seen } from "../support/ask.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { startCli } from "../support/live_cli.ts";
import { RawClient } from "../support/raw_client.ts";
import { runCli, serve, type Served } from "../support/serve.ts";
import { sluiceCommand } from "../support/sluice.ts";
import { until } from "../support/within.ts";

const petstore = fileURLToPath(new URL("../gateway/openapi/files/petstore.yaml", import.meta.url));

const QUIET = 'listen = ":0"\naccessLog = "none"\n';
const fixed = (body: string) => `${QUIET}[[routes]]\npath = "/"\nrespond = "${body}"\n`;

function gateway(folder: Folder, ...flags: string[]): Promise<Served> {
  return serve([], { command: ["gateway", "-c", folder.file("sluice.toml"), ...flags] });
}

/** Puts a whole file in the place of another one, as editors do. */
function replace(folder: Folder, text: string): void {
  Deno.writeTextFileSync(folder.file("new"), text);
  Deno.renameSync(folder.file("new"), folder.file("sluice.toml"));
}

Deno.test("sluice gateway says where it listens and where the operator asks, and SIGINT ends it with 0", async () => {
  const text = `${QUIET}admin = { listen = "127.0.0.1:0" }
[[servers]]
listen = ["127.0.0.1:0", "127.0.0.2:0"]
[[servers.routes]]
path = "/"
respond = "hello"
`;
  await using folder = await makeFolder({ "sluice.toml": text.replace('listen = ":0"\n', "") });
  await using server = await gateway(folder);
  const [, second] = await server.said(/listening on (http:\/\/127\.0\.0\.2:\d+)\n/);
  const [, admin] = await server.said(/^sluice gateway: the operator asks at (http:\/\/127\.0\.0\.1:\d+)$/m);
  for (const url of [server.url, second]) deepEqual(await seen(url), { status: 200, body: "hello" });
  deepEqual(await seen(`${admin}/health`), { status: 200, body: '{"status":"ok"}\n' });
  equal(await server.stop(), 0);
});

Deno.test("--check says that a file is right, or all that is wrong with it, and serves nothing", async () => {
  const wrong = `${QUIET}
[[routes]]
path = "GET /a"
rum = "./x.sh"
[[routes]]
path = "no slash"
run = "nope.sh"
timeout = "soon"
`;
  await using folder = await makeFolder({ "good.toml": fixed("x"), "wrong.toml": wrong, "bad.yaml": "a: [" });
  await Deno.copyFile(petstore, folder.file("petstore.yaml"));
  const withDocument = `${fixed("x")}[openapi]\ndocument = "petstore.yaml"\noperations.%s = { respond = "x" }\n`;
  await Deno.writeTextFile(folder.file("document.toml"), withDocument.replace("%s", "addPet"));
  await Deno.writeTextFile(folder.file("unknown.toml"), withDocument.replace("%s", "addPets"));
  const check = async (name: string) => {
    const { code, stdout, stderr } = await runCli(["gateway", "--check", "-c", folder.file(name)]);
    equal(stdout, "");
    return [code, stderr] as const;
  };
  deepEqual(await check("good.toml"), [0, `sluice gateway: ${folder.file("good.toml")} is right: one route\n`]);
  match((await check("document.toml"))[1], /is right: 22 routes\n$/);
  const [code, said] = await check("wrong.toml");
  equal(code, 1);
  match(said, /wrong\.toml:6: routes\[0\]\.rum: is no setting; did you mean "run"\?/);
  match(said, /wrong\.toml:10: routes\[1\]\.timeout: /);
  equal((await check("bad.yaml"))[0], 1);
  const [unknown, hint] = await check("unknown.toml");
  equal(unknown, 1);
  match(hint, /has no operation addPets; did you mean addPet\?/);
  match((await check("none.toml"))[1], /none\.toml/);
});

Deno.test("--schema prints the JSON Schema of the file", async () => {
  const { code, stdout, stderr } = await runCli(["gateway", "--schema"]);
  deepEqual([code, stderr], [0, ""]);
  equal(JSON.parse(stdout).$schema, "https://json-schema.org/draft/2020-12/schema");
});

Deno.test("--init writes a file of routes and stubs, which can be served, and replaces nothing unasked", async () => {
  await using folder = await makeFolder();
  const run = (...args: string[]) => {
    const words = ["-c", 'cd "$0" && exec "$@"', folder.path, ...sluiceCommand(), "gateway"];
    return runCli([...words, "--init", petstore, "-l", "bash", ...args], { program: "sh" });
  };
  const first = await run();
  equal(first.code, 0, first.stderr);
  match(first.stderr, /wrote .*sluice\.toml\n[^]*serve it with sluice gateway -c sluice\.toml\n$/);
  const again = await run();
  equal(again.code, 1);
  match(again.stderr, /it is there already, .*force/);
  equal((await run("--force")).code, 0);
  const text = await Deno.readTextFile(folder.file("sluice.toml"));
  await Deno.writeTextFile(folder.file("sluice.toml"), `listen = ":0"\n${text.replace(/^listen = .*\n/m, "")}`);
  await using server = await gateway(folder);
  equal((await seen(`${server.url}/api/v3/store/inventory`)).status, 200);
});

Deno.test("SIGHUP has the file read again; a wrong one changes nothing and is told of", async () => {
  await using folder = await makeFolder({
    "sluice.toml": fixed("one"),
    "stream.sh": "echo begun; read -r l; echo $l\n",
  });
  const stream = '[[routes]]\npath = "/stream"\nrun = "stream.sh"\n';
  replace(folder, fixed("one") + stream);
  await using server = await gateway(folder);
  using client = await RawClient.connect(server.url);
  await client.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  await client.head();
  equal(await client.chunk(), "begun\n");
  equal((await seen(server.url)).body, "one");
  replace(folder, fixed("two") + stream);
  Deno.kill(server.pid, "SIGHUP");
  await server.said(/sluice\.toml was read again and is in force/);
  equal((await seen(server.url)).body, "two");
  replace(folder, "listen = 5");
  Deno.kill(server.pid, "SIGHUP");
  await server.said(/sluice\.toml was read again and changes nothing: .*listen/);
  equal((await seen(server.url)).body, "two");
  await client.send("done\n");
  equal(await client.chunk(), "done\n");
  equal(await client.chunk(), "");
});

Deno.test("--watch has the file read again when it changes, whether it is written over or replaced", async () => {
  await using folder = await makeFolder({ "sluice.toml": fixed("one") });
  await using server = await gateway(folder, "--watch");
  const says = (body: string) => until(`it says ${body}`, async () => (await seen(server.url)).body === body);
  await says("one");
  replace(folder, fixed("two"));
  await says("two");
  Deno.writeTextFileSync(folder.file("sluice.toml"), "routes = [");
  await server.said(/changes nothing/);
  await says("two");
  Deno.writeTextFileSync(folder.file("sluice.toml"), fixed("three"));
  await says("three");
});

Deno.test("--watch looks at files that an OpenAPI document refers to", async () => {
  const part = (path: string) => `${path}:\n  get: { operationId: a, responses: { "200": { description: fine } } }\n`;
  const document = 'openapi: 3.0.3\ninfo: { title: x, version: "1" }\npaths:\n  /a: { $ref: "part.yaml#/one" }\n';
  const text = `${QUIET}[openapi]\ndocument = "api.yaml"\nvalidateIn = true\noperations.a = { respond = "x" }\n`;
  await using folder = await makeFolder({ "sluice.toml": text, "api.yaml": document, "part.yaml": part("one") });
  await using server = await gateway(folder, "--watch");
  Deno.writeTextFileSync(folder.file("part.yaml"), part("two"));
  await server.said(/changes nothing: .*leads to nothing/);
  Deno.writeTextFileSync(folder.file("part.yaml"), part("one"));
  await server.said(/was read again and is in force/);
});

Deno.test("what a start refuses is told as --check tells it, all together", async () => {
  const text = `${QUIET}[[routes]]
path = "GET /a"
reply = true
command = ["bash", "-c", "echo {{jsonpayload}}"]
[[routes]]
path = "GET /b"
run = { file = "a.sh", language = "executable", mode = "service" }
`;
  await using folder = await makeFolder({ "sluice.toml": text, "a.sh": "#!/bin/sh\n" });
  const [checked, started] = [
    await runCli(["gateway", "-c", folder.file("sluice.toml"), "--check"]),
    await runCli(["gateway", "-c", folder.file("sluice.toml")]),
  ];
  deepEqual([checked.code, started.code, started.stderr], [1, 1, checked.stderr]);
  match(checked.stderr, /GET \/a: [^]*\n.*GET \/b: /);
});

Deno.test("SIGINT ends what runs and takes the sockets away; a second one waits for nobody", async () => {
  for (const times of [1, 2]) {
    const stay = 'exec 9>"$PWD/line"; echo $$ >&9; echo begun; sleep 1000 & wait\n';
    await using folder = await makeFolder({ "stay.sh": stay });
    replace(
      folder,
      `grace = ${times === 1 ? '"100ms"' : '"1h"'}
${QUIET}admin = { listen = "unix:admin.sock" }
reply = { socket = "reply.sock" }
[[routes]]
path = "/stream"
run = "stay.sh"
timeout = 0
[[routes]]
path = "/job"
run = "stay.sh"
reply = true
timeout = 0
`,
    );
    await using lifeline = await makeLifeline({ file: () => folder.file("line") });
    await using server = await gateway(folder);
    using stream = await RawClient.connect(server.url);
    await stream.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await stream.head();
    using job = await RawClient.connect(server.url);
    await job.send("GET /job HTTP/1.1\r\nHost: x\r\n\r\n");
    for (const _ of [1, 2]) await lifeline.line();
    deepEqual(folder.names().filter((name) => name.endsWith(".sock")).toSorted(), ["admin.sock", "reply.sock"]);
    const stopped = server.stop();
    if (times === 2) {
      await until("it takes no connections", () => RawClient.connect(server.url).then(left, () => true));
      Deno.kill(server.pid, "SIGINT");
    }
    equal(await stopped, times === 1 ? 0 : 130, server.stderr);
    await lifeline.gone();
    deepEqual(folder.names().filter((name) => name.endsWith(".sock")), []);
  }
});

function left(client: RawClient): boolean {
  client[Symbol.dispose]();
  return false;
}

Deno.test("wrong usage ends with 2 and a hint, and what can't be served with 1", async () => {
  await using folder = await makeFolder({ "sluice.toml": fixed("x") });
  const usage: [string[], RegExp][] = [
    [["gateway"], /Name the file of routes: sluice gateway -c FILE/],
    [["gateway", "--chekc"], /unknown option '--chekc'[^]*did you mean --check\?/],
    [["gateway", "-c", folder.file("sluice.toml"), "--log", "xml"], /Allowed choices are human, json, none/],
  ];
  for (const [args, message] of usage) {
    const { code, stdout, stderr } = await runCli(args);
    deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
    match(stderr, message);
  }
  await using taken = await gateway(folder);
  replace(folder, fixed("x").replace(":0", `:${taken.port}`));
  const { code, stderr } = await runCli(["gateway", "-c", folder.file("sluice.toml")]);
  deepEqual([code, stderr.trimEnd().split("\n").length], [1, 1], stderr);
  match(stderr, /Cannot listen on 127\.0\.0\.1:\d+: the port is taken/);
});

Deno.test("the access log goes to standard output in the form that tools know, and events to standard error", async () => {
  await using folder = await makeFolder({ "sluice.toml": fixed("x").replace('"none"', '"combined"') });
  await using cli = startCli(["gateway", "-c", folder.file("sluice.toml"), "--log", "json"], {
    env: { SLUICE_CONFIG: "elsewhere.toml" },
  });
  const [, url] = await cli.warned(/listening on (\S+)\n/);
  await seen(url, { headers: { "user-agent": "a test" } });
  await cli.said(
    /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/ HTTP\/1\.1" 200 1 "-" "a test"\n$/,
  );
  cli.kill("SIGTERM");
  equal(await cli.code, 0);
});

Deno.test("a server whose standard error nobody reads any more reads its file again all the same", async () => {
  await using folder = await makeFolder({ "sluice.toml": fixed("old") });
  const [program, ...args] = sluiceCommand();
  const words = [...args, "gateway", "-c", folder.file("sluice.toml"), "--log", "none"];
  await using process = new Deno.Command(program, { args: words, stdout: "null", stderr: "piped" }).spawn();
  const reader = process.stderr.pipeThrough(new TextDecoderStream()).getReader();
  const [, url] = /listening on (\S+)/.exec((await reader.read()).value!)!;
  await reader.cancel();
  for (const body of ["new", "newer"]) {
    replace(folder, fixed(body));
    process.kill("SIGHUP");
    await until(`it answers ${body}`, async () => (await seen(url)).body === body);
  }
  process.kill("SIGINT");
  equal((await process.status).code, 0);
});
