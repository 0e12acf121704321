/** `sluice up` as its users start it. */

import { Ajv2020 } from "ajv/dist/2020.js";
import { deepEqual, equal, match } from "node:assert/strict";
import { parse } from "smol-toml";
import { seen } from "../support/ask.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { type LiveCli, startCli } from "../support/live_cli.ts";
import { runCli } from "../support/serve.ts";
import { until } from "../support/within.ts";

const ALL = `listen = ":0"
accessLog = "none"

[[routes]]
path = "POST /shout"
mesh = "shout@1"

[[routes]]
path = "GET /web"
service = "web"

[[routes]]
path = "GET /slow"
run = "./slow.sh"

[loom]
port = 0
data = "streams"
tokens = [{ env = "SECRET_OF_TEST" }, "reader:ro"]

[hub]
port = 0

[node]
listen = "127.0.0.1:0"

[node.services]
"shout@1.0.0" = "./shout.sh"
`;
const FILES = {
  "sluice.toml": ALL,
  "shout.sh": "#!/bin/sh\nexec tr a-z A-Z\n",
  "slow.sh": "#!/bin/sh\ntouch begun\nwhile [ ! -e go ]; do sleep 0.05; done\necho done\n",
};
const env = { SECRET_OF_TEST: "sesame" };

/** Where each part listens. */
interface Started {
  readonly cli: LiveCli;
  readonly gateway: string;
  readonly loom: string;
  readonly hub: string;
  readonly node: string;
}

async function started(folder: Folder, ...flags: string[]): Promise<Started> {
  const cli = startCli(["up", "-c", folder.file("sluice.toml"), ...flags], { env });
  await cli.warned(/^sluice up: running gateway, loom, hub, node$/m);
  const urlOf = (part: string) => new RegExp(`^sluice ${part}: listening on (\\S+)$`, "m").exec(cli.stderr)![1];
  return { cli, gateway: urlOf("gateway"), loom: urlOf("loom"), hub: urlOf("registry"), node: urlOf("node") };
}

Deno.test("sluice up runs all parts of a file, which know each other, and ends them all at one signal", async () => {
  await using folder = await makeFolder(FILES);
  const { cli, gateway, loom, hub, node } = await started(folder);
  await using _cli = cli;
  const shouted = await fetch(`${gateway}/shout`, { method: "POST", body: "hello" });
  equal(await shouted.text(), "HELLO");
  equal((await seen(`${gateway}/web`)).status, 503);

  const web = startCli(["registry", "register", hub, "web@1.0.0", "--port", new URL(loom).port]);
  await using _web = web;
  await web.warned(/registered web@1\.0\.0/);
  await until("the gateway has found it", async () => (await seen(`${gateway}/web`)).status === 401);

  const stream = `${loom}/v1/stream/a`;
  const put = (token: string) => seen(stream, { method: "PUT", headers: { authorization: `Bearer ${token}` } });
  deepEqual([(await put("nobody")).status, (await put("reader")).status], [401, 403]);
  equal((await put("sesame")).status, 201);
  equal((await runCli(["call", "--join", node, "shout"], { stdin: "there" })).stdout, "THERE");

  cli.kill("SIGINT");
  equal(await cli.code, 0, cli.stderr);
  equal(cli.stderr.includes("sesame"), false);
  equal(folder.names().includes("streams"), true, "streams are kept in the file's folder");
});

Deno.test("requests under way come to their end, and a second signal waits for none", async () => {
  await using folder = await makeFolder(FILES);
  for (const hurried of [false, true]) {
    const { cli, gateway } = await started(folder);
    await using _cli = cli;
    const answer = seen(`${gateway}/slow`).catch(() => undefined);
    await until("the program runs", () => folder.names().includes("begun"));
    cli.kill("SIGINT");
    await until("it takes no more", () => seen(gateway).then(() => false, () => true));
    if (hurried) cli.kill("SIGINT");
    else await Deno.writeTextFile(folder.file("go"), "");
    deepEqual([await cli.code, (await answer)?.body], hurried ? [130, undefined] : [0, "done\n"]);
    await Deno.remove(folder.file("begun"));
    if (!hurried) await Deno.remove(folder.file("go"));
  }
});

Deno.test("a part that can't be had ends the start with what to do, and leaves nothing running", async () => {
  await using folder = await makeFolder(FILES);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const text = ALL.replace('listen = ":0"', `listen = "127.0.0.1:${taken.addr.port}"`);
  await Deno.writeTextFile(folder.file("sluice.toml"), text);
  const { code, stderr } = await runCli(["up", "-c", folder.file("sluice.toml")], { env });
  equal(code, 1);
  match(stderr, new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${taken.addr.port}`));
  await Deno.writeTextFile(folder.file("sluice.toml"), ALL);
  const { cli } = await started(folder); // the store is free again
  await using _cli = cli;
  cli.kill("SIGINT");
  equal(await cli.code, 0, cli.stderr);
});

Deno.test("SIGHUP reads the routes again; what other parts say waits for the next start", async () => {
  await using folder = await makeFolder(FILES);
  const { cli, gateway, loom } = await started(folder);
  await using _cli = cli;
  await Deno.writeTextFile(folder.file("sluice.toml"), ALL.replace("/shout", "/louder").replace('"reader:ro"', '"x"'));
  cli.kill("SIGHUP");
  await cli.warned(/was read again and is in force/);
  equal((await seen(`${gateway}/shout`, { method: "POST" })).status, 404);
  equal(await (await fetch(`${gateway}/louder`, { method: "POST", body: "a" })).text(), "A");
  await cli.warned(/What \[loom\], \[hub\] and \[node\] say changes at the next start/);
  equal((await seen(`${loom}/v1/stream/none`, { headers: { authorization: "Bearer reader" } })).status, 404);
  await Deno.writeTextFile(folder.file("sluice.toml"), `${ALL}rubbish`);
  cli.kill("SIGHUP");
  await cli.warned(/was read again and changes nothing: /);
  cli.kill("SIGINT");
  equal(await cli.code, 0);
});

Deno.test("each part may be alone, and one that is not there is not started", async () => {
  await using folder = await makeFolder({
    "loom.toml": '[loom]\nport = 0\ndata = "streams"\n',
    "hub.yaml": "hub: { port: 0 }\n",
    "node.json": '{ "node": { "listen": "127.0.0.1:0" } }',
    "gateway.toml": 'listen = ":0"\n[[routes]]\npath = "/"\nrespond = "x"\n',
  });
  for (
    const [name, part] of [["loom.toml", "loom"], ["hub.yaml", "hub"], ["node.json", "node"], [
      "gateway.toml",
      "gateway",
    ]]
  ) {
    await using cli = startCli(["up", "-c", folder.file(name)]);
    await cli.warned(new RegExp(`^sluice up: running ${part}$`, "m"));
    cli.kill("SIGTERM");
    equal(await cli.code, 0, cli.stderr);
  }
});

Deno.test("a part that is new when the file is read again waits for the next start, and so do routes that need it", async () => {
  await using folder = await makeFolder({ "sluice.toml": 'listen = ":0"\n[[routes]]\npath = "/"\nrespond = "x"\n' });
  await using cli = startCli(["up", "-c", folder.file("sluice.toml")]);
  const [, gateway] = await cli.warned(/^sluice gateway: listening on (\S+)$/m);
  await cli.warned(/^sluice up: running gateway$/m);
  const text = 'listen = ":0"\n[[routes]]\npath = "/"\nservice = "web"\n[hub]\nport = 0\n';
  await Deno.writeTextFile(folder.file("sluice.toml"), text);
  cli.kill("SIGHUP");
  await cli.warned(/changes nothing: \[hub\] is new in it/);
  deepEqual(await seen(gateway), { status: 200, body: "x" });
  cli.kill("SIGINT");
  equal(await cli.code, 0);
});

Deno.test("SIGHUP ends nothing where there are no routes, or not yet", async () => {
  await using folder = await makeFolder({ "hub.toml": "[hub]\nport = 0\n" });
  await using cli = startCli(["up", "-c", folder.file("hub.toml")]);
  await cli.warned(/^sluice up: running hub$/m);
  cli.kill("SIGHUP");
  await cli.warned(/has no routes to be read again/);
  cli.kill("SIGINT");
  equal(await cli.code, 0);

  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 }); // takes connections, and says nothing
  await Deno.writeTextFile(
    folder.file("late.toml"),
    `listen = ":0"\n[[routes]]\npath = "/"\nrespond = "x"\n[node]\njoin = ["127.0.0.1:${silent.addr.port}"]\n`,
  );
  await using late = startCli(["up", "-c", folder.file("late.toml")]);
  await late.warned(/^sluice node: node /m);
  late.kill("SIGHUP");
  await late.warned(/was read again and is in force/);
  late.kill("SIGINT");
  equal(await late.code, 0, late.stderr);
});

Deno.test("--schema prints the JSON Schema of the file, which takes what the file may hold", async () => {
  const { code, stdout } = await runCli(["up", "--schema"]);
  equal(code, 0);
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(stdout));
  equal(validate(parse(ALL)), true, JSON.stringify(validate.errors));
  for (const wrong of ["[loom]\nporrt = 1", "[hub]\ndata = 'x'", "[node]\ncgi = 'yes'", "[loom]\nsync = 'often'"]) {
    equal(validate(parse(wrong)), false, wrong);
  }
});

Deno.test("--check tells all that is wrong, each at its line, and starts nothing", async () => {
  await using folder = await makeFolder({
    ...FILES,
    "wrong.toml": `[loom]
porrt = 3
sync = "often"
token = "a"
tokens = ["b"]
[hub]
heartbeat = 5
peers = [true]
[node]
cgi = 1
env = { A = 1 }
services = ["a"]
`,
    "open.toml": '[loom]\nhost = "0.0.0.0"\n',
    "both.toml": '[node]\nlisten = "0"\n[mesh]\nlisten = ":0"\n[[routes]]\npath = "/"\nrespond = "x"\n',
    "empty.toml": "",
    "secret.toml": '[loom]\ntokens = [{ env = "NOT_SET_IN_TEST" }]\n',
    "two.toml": "[loom]\nporrt = 1\n[node]\ncgi = true\n",
    "gone.toml": '[node]\nlisten = "0"\nservices = { a = "./gone.sh" }\n',
    "modes.toml": '[node]\nlisten = "0"\ncgi = true\nmode = "plain"\n',
    "comment.txt": "# none yet\n",
    "two.txt": "one\ntwo\n",
    "doors.toml": `[loom]
tokens = { file = "comment.txt" }
origins = []
publicUrl = { file = "two.txt" }
[hub]
port = "9090"
queryToken = { file = "/dev/zero" }
key = { file = "two.txt" }
[node]
listen = "0"
allow = []
networkKey = { env = "SECRET_OF_TEST" }
`,
    "services.toml":
      '[node]\nlisten = "0"\nservices = { "a@one" = "cat", b = 3, "c" = "tr \\"a", d = "not-to-be-found" }\n',
  });
  const check = async (name: string) => {
    const { code, stderr } = await runCli(["up", "--check", "-c", folder.file(name)], { env });
    return [code, stderr.replaceAll(folder.file(name), name)] as const;
  };
  const [right, said] = await check("sluice.toml");
  deepEqual([right, said], [0, "sluice up: sluice.toml is right: gateway, loom, hub, node\n"]);
  const [code, wrong] = await check("wrong.toml");
  equal(code, 1);
  for (
    const line of [
      "wrong.toml:2: loom.porrt: is not known here; did you mean port?",
      "wrong.toml:3: loom.sync: can't be used: Allowed choices are always, group, none.",
      "wrong.toml:5: loom.tokens: says the same as token: keep one",
      "wrong.toml:6: hub: says no port: give it, 0 for any free one",
      "wrong.toml:7: hub.heartbeat: can't be used: It is a time such as 500ms, 90s, 5m, 12h or 7d.",
      "wrong.toml:8: hub.peers[0]: is a text",
      "wrong.toml:10: node.cgi: is true or false",
      "wrong.toml:11: node.env.A: is a text, or says where it is: { env = ... } or { file = ... }",
      "wrong.toml:12: node.services: is a table",
    ]
  ) equal(wrong.includes(`${line}\n`), true, `${line}\nis not in\n${wrong}`);
  match((await check("open.toml"))[1], /without tokens: .*; set tokens, or say auth = false if that is meant\n$/);
  match((await check("both.toml"))[1], /:1: node: does not go together with \[mesh\]/);
  match((await check("empty.toml"))[1], /holds nothing/);
  match((await check("two.toml"))[1], /:2: loom\.porrt: .*\n.*:3: node: can't be used: Cannot be a node that nobody/);
  match((await check("gone.toml"))[1], /Cannot serve .*gone\.sh: there is no such file/);
  match((await check("modes.toml"))[1], /cgi and mode plain contradict each other/);
  match((await check("secret.toml"))[1], /tokens\[0\]\.env: names the variable NOT_SET_IN_TEST, which is not set/);
  const [, doors] = await check("doors.toml");
  for (
    const line of [
      "doors.toml:2: loom.tokens: holds nothing: leave it out",
      "doors.toml:3: loom.origins: holds nothing: leave it out",
      "doors.toml:4: loom.publicUrl: has one value, and holds several",
      "doors.toml:6: hub.port: is a whole number, 0 for any free port",
      "doors.toml:7: hub.queryToken.file: names /dev/zero, which is no file",
      "doors.toml:8: hub.key: is the path of a file",
      "doors.toml:11: node.allow: holds nothing: leave it out",
      "doors.toml:12: node.networkKey: is the path of a file",
    ]
  ) equal(doors.includes(line), true, `${line}\nis not in\n${doors}`);
  match(
    (await check("services.toml"))[1],
    /node\.services\["a@one"\]: .*\n.*node\.services\.b: .*\n.*node\.services\.c: /,
  );
});

Deno.test("flags that mean nothing together are wrong usage", async () => {
  for (
    const words of [["up", "--check", "-w"], ["up", "--schema", "--check"], ["gateway", "-c", "x", "--check", "-w"]]
  ) {
    const { code, stderr } = await runCli(words);
    deepEqual([code, stderr.split("\n").length], [2, 2], stderr);
    match(stderr, /^sluice: option '.*' cannot be used with option '.*'; see `sluice \w+ --help`\n$/);
  }
});
