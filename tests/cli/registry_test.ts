/** The registry's commands that listen and look, as processes of their own. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { newKeyPair } from "../../src/net/keys.ts";
import { connectRegistry } from "../../src/registry/connect_registry.ts";
import { makeFolder } from "../support/folder.ts";
import { type LiveCli, startCli } from "../support/live_cli.ts";
import { connect, seen, startHub } from "../support/registry_hub.ts";
import { runCli, serve, type Served, type ServeSettings } from "../support/serve.ts";
import { sluiceLine } from "../support/sluice.ts";

const listen = (args: readonly string[] = [], settings: ServeSettings = {}): Promise<Served> =>
  serve(args, { ...settings, command: ["registry", "listen", "0"] });

const watch = (hub: string | undefined, ...args: string[]): LiveCli => startCli(["registry", "watch", hub!, ...args]);

/** A port on which nothing listens any more. */
function freedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("sluice registry listen is a hub, says what comes and goes, and ends with SIGINT and SIGTERM", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using hub = await listen();
    match(hub.stderr, /^sluice registry: listening on ws:\/\/127\.0\.0\.1:\d+\n$/);
    await using client = await connect(hub.url);
    await client.register("web@1.2.3", { id: "one", port: 4040 });
    await hub.said(/ register web@1\.2\.3 id=one host=127\.0\.0\.1 port=4040\n/);
    await client.free("one");
    await hub.said(/ free web@1\.2\.3 id=one /);
    equal(await hub.stop(signal), 0, hub.stderr);
  }
});

Deno.test("show and query print what there is as JSON, and query walks into it", async () => {
  await using hub = await startHub();
  await hub.register("web@1.2.3", { id: "old", port: 1, tags: ["a", "b"] });
  await hub.register("web@1.3.0", { id: "new", port: 2, host: "10.0.0.2" });
  await hub.register("db", { id: "db", port: 3, text: "\x1b[2J\u202e" });
  const ask = async (...args: string[]) => {
    const [command, ...rest] = args;
    const { code, stdout, stderr } = await runCli(["registry", command, hub.url!.replace("ws://", ""), ...rest]);
    deepEqual([code, stderr], [0, ""]);
    return stdout;
  };
  const all = await ask("show");
  deepEqual(JSON.parse(all), hub.query());
  match(all, /^\[\n {2}\{\n {4}"/);
  equal(/[^\P{Cc}\n]|\u202e/u.test(all), false, all);
  deepEqual(JSON.parse(await ask("query", "web@1.x")), hub.query("web"));
  deepEqual(JSON.parse(await ask("query", "web", "host")), ["10.0.0.2", "127.0.0.1"]);
  deepEqual(JSON.parse(await ask("query", "web", "tags", "1")), [null, "b"]);
  deepEqual(JSON.parse(await ask("query", "web", "constructor", "name")), [null, null]);
  equal(await ask("query", "web@2.x"), "[]\n");
});

Deno.test("what is no hub, or can't be reached, ends with 1 and one line; what is no address, with 2", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const gone = freedPort();
  const cases: [args: string[], code: number, message: RegExp][] = [
    [["show", `localhost:${gone}`], 1, /^sluice: Cannot reach the hub at \S+: .*ECONNREFUSED.*registry listen` .*\n$/],
    [["query", `127.0.0.1:${silent.addr.port}`, "web"], 1, /^sluice: Cannot reach the hub at .*registry listen` .*\n$/],
    [["show", "two words"], 2, /^sluice: Cannot use "two words" as a hub: it is host:port, or a ws:\/\/ URL\n$/],
    [["show", "ftp://localhost"], 2, /as a hub/],
    [["query", "localhost:1", "web@nope"], 2, /^sluice: .*"nope" is no range of versions/],
    [["watch", "localhost:1", "web@nope"], 2, /^sluice: .*"nope" is no range of versions/],
  ];
  await Promise.all(cases.map(async ([[command, ...args], expected, message]) => {
    const patience = command === "watch" ? [] : ["--give-up", "400ms"];
    const { code, stdout, stderr } = await runCli(["registry", command, ...args, ...patience]);
    deepEqual([code, stdout], [expected, ""], stderr);
    match(stderr, message);
  }));
});

Deno.test("watch shows what is there, what comes and goes, and when the hub is lost and back", async () => {
  const hub = await startHub();
  await hub.register("web@1.2.3", { id: "one", port: 1, zone: "eu" });
  await hub.register("other", { id: "two", port: 2 });
  await using all = watch(hub.url);
  await using some = watch(hub.url, "web@1.x", "-v", "--color");
  await using json = watch(hub.url, "--json");
  for (const watching of [all, json]) await watching.said(/one[^]*two|two[^]*one/);
  await some.said(/\n {2}}\n/);
  hub.set("one", { zone: "us" });
  await all.said(/^UPDATE {3}web@1\.2\.3 127\.0\.0\.1:1 \[one\]\n/m);
  await some.said(/^ {4}"zone": "us",?\n/m);
  hub.free("one");
  await all.said(/^FREE {5}web@1\.2\.3 127\.0\.0\.1:1 \[one\]\n/m);
  await some.said(/FREE/);
  await json.said(/"type":"free"/);
  const events = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  deepEqual(events.map(({ type, service: { id } }) => `${type} ${id}`).sort(), [
    "free one",
    "register one",
    "register two",
    "update one",
  ]);
  equal(some.stdout.includes("other"), false);
  ok(some.stdout.startsWith("\x1b[32mREGISTER\x1b[0m web@1.2.3 127.0.0.1:1 [one]\n  {\n"), some.stdout);
  equal(all.stdout.includes("\x1b"), false);
  const { port } = hub;
  await hub.close();
  await all.warned(/^sluice registry watch: The connection to the hub is lost; trying again\n/m);
  await using again = await startHub({ port });
  await all.warned(/^sluice registry watch: connected to ws:\S+\n/m);
  await all.said(/^FREE {5}other /m);
  await again.register("web@2.0.0", { id: "three", port: 3 });
  await all.said(/^REGISTER web@2\.0\.0 127\.0\.0\.1:3 \[three\]\n/m);
  for (const watching of [all, some, json]) {
    watching.kill("SIGINT");
    equal(await watching.code, 0, watching.stderr);
  }
});

Deno.test("watch ends with 0 when whoever reads it has seen enough", async () => {
  await using hub = await startHub();
  await hub.register("web", { id: "one", port: 1 });
  const line = `(${sluiceLine()} registry watch ${hub.url}; echo "code $?" >&2) | head -n 1`;
  let count = 0;
  const changing = setInterval(() => hub.set("one", { count: count++ }), 20);
  const { stdout, stderr } = await runCli(["-c", line], { program: "sh" }).finally(() => clearInterval(changing));
  match(stdout, /^REGISTER web \S+ \[one\]\n$/);
  equal(stderr, "code 0\n");
});

Deno.test("watch waits for a hub that is not there yet", async () => {
  const first = await startHub();
  const { port, url } = first;
  await first.close();
  await using watching = watch(url);
  await watching.warned(/^sluice registry watch: Cannot reach the hub at \S+: .*; trying again\n/);
  await using hub = await startHub({ port });
  await hub.register("web", { id: "one", port: 1 });
  await watching.said(/^REGISTER web /m);
});

Deno.test("a token is asked of whoever looks, comes from a flag or a variable, and is told to nobody", async () => {
  await using hub = await listen([], { env: { SLUICE_QUERY_TOKEN: "open-sesame" } });
  const refused = /^sluice: A token that is known here is needed .*SLUICE_TOKEN or --token.*\n$/;
  for (const args of [["show"], ["watch"], ["show", "--token", "wrong-one"]]) {
    const { code, stdout, stderr } = await runCli(["registry", args[0], hub.url, ...args.slice(1)]);
    deepEqual([code, stdout], [1, ""]);
    match(stderr, refused);
    equal(stderr.includes("wrong-one"), false);
  }
  equal((await runCli(["registry", "show", hub.url, "--token", "open-sesame"])).stdout, "[]\n");
  equal((await runCli(["registry", "show", hub.url], { env: { SLUICE_TOKEN: "open-sesame" } })).stdout, "[]\n");
  const bad = await runCli(["registry", "show", hub.url, "--token", "two words"]);
  deepEqual([bad.code, bad.stderr], [2, "sluice: A token is visible ASCII without spaces\n"]);
  await hub.said(/ warn reject: A token that is known here is needed/);
  equal(/open-sesame|wrong-one/.test(hub.stderr), false, hub.stderr);
});

Deno.test("files of keys, also of pairs, say who may register, and admin keys may change all", async () => {
  const [own, web, admin] = [newKeyPair(), newKeyPair(), newKeyPair()];
  await using folder = await makeFolder({
    "hub.pem": own.toPrivatePem(),
    "web.json": JSON.stringify({ public: web.publicPem, private: web.toPrivatePem() }),
    "admin.pem": admin.publicPem,
  });
  const [hubFile, webFile, adminFile] = ["hub.pem", "web.json", "admin.pem"].map((name) => folder.file(name));
  await using hub = await listen([webFile, "--admin", adminFile, "--key", hubFile]);
  await using stranger = await connect(hub.url);
  await using owner = await connect(hub.url, { key: web });
  await using chief = await connect(hub.url, { key: admin });
  equal(await stranger.register("web", { port: 1 }).catch(({ code }) => code), "unauthorized");
  await owner.register("web", { id: "one", port: 1 });
  equal(await stranger.free("one").catch(({ code }) => code), "unauthorized");
  await chief.free("one");
  await hub.said(/ warn reject: Cannot change anything here: .* code=unauthorized/);
  equal(/PRIVATE/.test(hub.stderr), false);
});

Deno.test("hubs that name each other as peers share their services, with keys that they know", async () => {
  const [first, second] = [newKeyPair(), newKeyPair()];
  await using folder = await makeFolder({ "first.pem": first.toPrivatePem(), "second.pem": second.toPrivatePem() });
  const [a, b] = [folder.file("first.pem"), folder.file("second.pem")];
  await using one = await listen(["--key", a, "--admin", b]);
  await using two = await listen(["--key", b, "--admin", a, "--peer", one.url]);
  await using client = connectRegistry(one.url, { key: first });
  await using other = connectRegistry(two.url);
  await client.register("web", { id: "one", port: 1 });
  await seen(other, "web", (services) => services.length === 1);
  await one.said(/ connected to a hub /);
});

Deno.test("--data keeps services over a restart, for one hub at a time", async () => {
  await using folder = await makeFolder();
  const data = folder.file("data");
  const first = await listen(["--data", data]);
  const second = await runCli(["registry", "listen", "0", "--data", data]);
  deepEqual([second.code, second.stdout], [1, ""]);
  match(second.stderr, /^sluice: Cannot keep services in .*data: another hub has it; .*--data\n$/);
  {
    await using client = await connect(first.url);
    await client.register("web@1.2.3", { id: "one", port: 4040 });
    equal(await first.stop(), 0, first.stderr);
  }
  await using again = await listen([], { env: { SLUICE_DATA: data } });
  const { stdout } = await runCli(["registry", "query", again.url, "web", "awaiting"]);
  deepEqual(JSON.parse(stdout), [true]);
});

Deno.test("a port that is taken, and a folder that is none, end with 1 and what to do", async () => {
  await using folder = await makeFolder({ "file": "", "registry.kv": "x".repeat(9000) });
  await using hub = await listen();
  const cases: [args: string[], message: RegExp][] = [
    [[String(hub.port)], /^sluice: Port \d+ is taken: end what listens there, or choose another one\n$/],
    [["0", "--data", folder.file("file")], /^sluice: Cannot keep services in .*file: .*--data\n$/],
    [["0", "--data", folder.path], /^sluice: Cannot keep services in .*registry\.kv: .*damaged; .*--data\n$/],
    [["0", "--data", folder.file("file/below")], /^sluice: Cannot keep services in .*below: .*--data\n$/],
    [["0", "--ca", folder.file("none.pem")], /^sluice: Cannot use --ca .*none\.pem: .* name a file/],
    [["0", folder.file("none.pem")], /^sluice: .*none\.pem/],
    [["0", folder.file("file")], /^sluice: Cannot use the keys of .*file: there is no key in it/],
  ];
  await Promise.all(cases.map(async ([args, message]) => {
    const { code, stdout, stderr } = await runCli(["registry", "listen", ...args]);
    deepEqual([code, stdout], [1, ""], `${args}: ${stderr}`);
    match(stderr, message);
  }));
});

Deno.test("the port may come from SLUICE_PORT, and the log may be JSON or none", async () => {
  for (const format of ["json", "none"]) {
    await using hub = await serve(["--log", format], { command: ["registry", "listen"], env: { SLUICE_PORT: "0" } });
    await using client = await connect(hub.url);
    await client.register("web", { id: "one", port: 1 });
    if (format === "json") await hub.said(/"message":"register web"/);
    else equal(hub.stderr.trimEnd().split("\n").length, 1, hub.stderr);
  }
});

Deno.test("--seaport opens a second port, which is told too, and speaks lines", async () => {
  await using hub = await listen(["--seaport", "0"]);
  const [, port] = await hub.said(/^sluice registry: listening on seaport:\/\/127\.0\.0\.1:(\d+)\n/m);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const bytes = new Uint8Array(1024);
  const length = await connection.read(bytes);
  match(new TextDecoder().decode(bytes.subarray(0, length!)), /^\["helo",/);
});

Deno.test("--tls-cert and --tls-key make it wss:, and --ca lets clients believe it", async () => {
  await using folder = await makeFolder();
  const [cert, key] = [folder.file("cert.pem"), folder.file("key.pem")];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const kind = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-addext",
    "basicConstraints=critical,CA:FALSE",
  ];
  const args = ["req", "-x509", "-nodes", "-days", "2", ...kind, "-keyout", key, "-out", cert, ...names];
  equal((await new Deno.Command("openssl", { args }).output()).success, true);
  await using hub = await listen(["--tls-cert", cert, "--tls-key", key]);
  match(hub.url, /^wss:/);
  equal((await runCli(["registry", "show", hub.url, "--ca", cert])).stdout, "[]\n");
  const { code, stderr } = await runCli(["registry", "show", hub.url, "--give-up", "300ms"]);
  equal(code, 1);
  match(stderr, /certificate/);
});

Deno.test("wrong usage of the registry ends with 2, and says what is meant", async () => {
  const wrong: [args: string[], message: RegExp][] = [
    [[], /Usage: sluice registry/],
    [["lisen", "0"], /unknown command 'lisen'; did you mean listen\?/],
    [["listen"], /^sluice: Cannot listen without a port/],
    [["listen", "65536"], /It is a port from 0/],
    [["listen", "0", "--hots", "x"], /did you mean --host\?/],
    [["listen", "0", "-H", "0.0.0.0"], /^sluice: Cannot listen on 0\.0\.0\.0 without authorized keys: .*--no-auth/],
    [["listen", "0", "--no-auth", "key.pem"], /^sluice: Keys and --no-auth contradict each other/],
    [["listen", "0", "--query-token", "two words"], /^sluice: A token is visible ASCII/],
    [
      ["listen", "0", "--query-token", "open-sesame", "--seaport", "0"],
      /^sluice: --seaport and --query-token contradict/,
    ],
    [["listen", "0", "--heartbeat", "5"], /It is a time such as/],
    [["listen", "0", "--heartbeat", "5s", "--timeout", "1s"], /^sluice: Cannot use a heartbeat of 5000 ms/],
    [["listen", "0", "--tls-key", "x"], /^sluice: --tls-cert and --tls-key need each other/],
    [["listen", "0", "--origin", "x"], /It is a URL/],
    [["show"], /missing required argument 'hub'/],
    [["show", "localhost:1", "extra"], /too many arguments/],
    [["query", "localhost:1"], /missing required argument 'pattern'/],
    [["listen", "0", "--peer", "no hub"], /"no hub" as a hub/],
    [["listen", "0", "--advertise", "10.0.0.1:9090"], /without a port/],
  ];
  await Promise.all(wrong.map(async ([args, message]) => {
    const { code, stdout, stderr } = await runCli(["registry", ...args]);
    deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
    match(stderr, message);
    ok(!stderr.includes("two words"));
  }));
});

Deno.test("every command of the registry explains itself", async () => {
  await Promise.all(["listen", "show", "query", "watch", "register"].map(async (name) => {
    const { code, stdout, stderr } = await runCli(["registry", name, "--help"]);
    deepEqual([code, stderr], [0, ""]);
    match(stdout, new RegExp(`^Usage: sluice registry ${name} `));
  }));
});
