import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { type Folder, makeFolder } from "../support/folder.ts";
import { runCli, serve, type ServeSettings } from "../support/serve.ts";

const loom = (folder: Folder, args: readonly string[] = [], settings: ServeSettings = {}) =>
  serve(args, { ...settings, command: ["loom", "-p", "0", "--data", folder.file("data")] });

async function status(url: string, init?: RequestInit): Promise<number> {
  const response = await fetch(url, init);
  await response.body?.cancel();
  return response.status;
}

Deno.test("sluice loom keeps streams over a restart, and shows them to both interfaces", async () => {
  await using folder = await makeFolder();
  const first = await loom(folder);
  equal(await status(`${first.url}/stream/log`, { method: "POST", body: "kept" }), 201);
  equal(await first.stop(), 0, first.stderr);
  match(first.stderr, /POST \/stream\/log status=201/);
  await using second = await loom(folder);
  equal(await (await fetch(`${second.url}/stream/log`)).text(), "kept");
  equal(await (await fetch(`${second.url}/v1/stream/log`)).text(), "kept");
});

Deno.test("SIGINT and SIGTERM end it while readers follow, and they learn that more may come", async () => {
  await using folder = await makeFolder();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using server = await loom(folder);
    await status(`${server.url}/v1/stream/log`, { method: "PUT" });
    const reading = fetch(`${server.url}/v1/stream/log?offset=now&live=long-poll`);
    const events = await fetch(`${server.url}/v1/stream/log?offset=now&live=sse`);
    const spy = await fetch(`${server.url}/spy`);
    equal(await server.stop(signal), 0, server.stderr);
    const answer = await reading.catch(() => undefined);
    ok(!answer?.headers.has("stream-closed"));
    for (const { body } of [events, spy]) await body?.pipeTo(new WritableStream()).catch(() => {/* it was cut */});
  }
});

Deno.test("tokens come from flags before variables before the file, and are not logged", async () => {
  await using folder = await makeFolder({
    "loom.yaml": "tokens:\n  - from-file\n  - token: only-reads\n    write: false\nport: 1\n",
  });
  const config = ["-c", folder.file("loom.yaml")];
  const cases: [args: string[], env: Record<string, string>, writer: string, reader: string][] = [
    [[], {}, "from-file", "only-reads"],
    [[], { SLUICE_TOKENS: "from-env, reads:ro" }, "from-env", "reads"],
    [["--token", "from-flag", "--token", "looks:ro"], { SLUICE_TOKENS: "from-env" }, "from-flag", "looks"],
  ];
  for (const [args, env, writer, reader] of cases) {
    await using server = await loom(folder, [...config, ...args], { env });
    const stream = `${server.url}/v1/stream/${writer}`;
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    equal(await status(stream), 401);
    equal(await status(stream, { method: "PUT", ...bearer(reader) }), 403);
    equal(await status(stream, { method: "PUT", ...bearer("another") }), 401);
    equal(await status(stream, { method: "PUT", ...bearer(writer) }), 201);
    equal(await status(`${stream}?access_token=${reader}`), 200);
    equal(await server.stop(), 0);
    equal(server.stderr.includes("access_token"), false, server.stderr);
  }
});

Deno.test("streams are kept in the user's data by default", async () => {
  await using folder = await makeFolder();
  const env = { XDG_DATA_HOME: folder.path };
  await using _server = await serve([], { command: ["loom", "-p", "0"], env });
  ok((await Deno.stat(join(folder.path, "sluice", "loom"))).isDirectory);
});

Deno.test("a second server on the same folder, or port, is refused", async () => {
  await using folder = await makeFolder();
  await using server = await loom(folder);
  const same = await runCli(["loom", "-p", "0", "--data", folder.file("data")]);
  deepEqual([same.code, same.stdout], [1, ""]);
  match(same.stderr, /^sluice: Cannot serve .*data: another server has it; .*--data\n$/);
  const port = await runCli(["loom", "-p", String(server.port), "--data", folder.file("other")]);
  deepEqual([port.code, port.stdout], [1, ""]);
  match(port.stderr, /^sluice: Port \d+ is taken: .*--port\n$/);
});

Deno.test("bounds from flags and files hold", async () => {
  await using folder = await makeFolder({
    "loom.toml": 'streamQuota = "1k"\nstorageCompress = false\nsync = "none"\n',
  });
  await using server = await loom(folder, ["-c", folder.file("loom.toml"), "--max-age", "1h", "--quota", "1g"]);
  const stream = `${server.url}/v1/stream/log`;
  const headers = { "content-type": "text/plain" };
  equal(await status(stream, { method: "PUT", headers }), 201);
  equal(await status(stream, { method: "POST", headers, body: "x".repeat(1000) }), 204);
  equal(await status(stream, { method: "POST", headers, body: "x".repeat(100) }), 413);
});

Deno.test("it listens for others only with tokens, or when it is told that everybody may come", async () => {
  await using folder = await makeFolder({ "open.json": '{ "host": "0.0.0.0" }' });
  const data = ["-p", "0", "--data", folder.file("data")];
  for (const args of [["-H", "0.0.0.0"], ["-H", "::"], ["-c", folder.file("open.json")]]) {
    const { code, stderr } = await runCli(["loom", ...data, ...args]);
    equal(code, 2, stderr);
    match(stderr, /^sluice: Cannot listen on \S+ without tokens: .*SLUICE_TOKENS.*--no-auth.*\n$/);
  }
  await using _told = await loom(folder, ["-H", "0.0.0.0", "--no-auth"]);
  await using other = await makeFolder();
  await using _tokens = await loom(other, ["-H", "0.0.0.0", "--token", "secret"]);
});

Deno.test("wrong flags end with 2, and no token is repeated", async () => {
  const wrong: [args: string[], message: RegExp][] = [
    [["--sync", "sometimes"], /Allowed choices are always, group, none/],
    [["--max-age", "7"], /It is a time such as 500ms, 90s/],
    [["--quota", "much"], /It is a size such as/],
    [["--token", "two words"], /^sluice: A token is /],
    [["--token", ""], /^sluice: A token is /],
    [["--no-auth", "--token", "secret"], /^sluice: Tokens and --no-auth contradict each other/],
    [["extra"], /too many arguments/],
  ];
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await runCli(["loom", ...args]);
    deepEqual([code, stdout], [2, ""], stderr);
    match(stderr, message);
    ok(!/two words|secret/.test(stderr));
  }
});

Deno.test("a file with a mistake is refused with what is wrong and what was meant", async () => {
  const wrong: Record<string, [content: string, message: RegExp]> = {
    "typo.yaml": ["prot: 3060\n", /"prot" is no setting; did you mean "port"\?/],
    "case.json": ['{ "storagedatadir": "x" }', /"storagedatadir" is no setting; did you mean "storageDataDir"\?/],
    "unknown.toml": ["colour = 1\n", /"colour" is no setting: known are port, host, /],
    "compress.yaml": ["storageCompress: true\n", /storageCompress can't be true: /],
    "twice.yaml": ["dataDir: a\nstorageDataDir: b\n", /storageDataDir and another name for data contradict/],
    "port.yaml": ["port: many\n", /port must be integer/],
    "sync.yaml": ["sync: never\n", /sync must be .*always, group, none/],
    "age.yaml": ["maxAge: 7 days\n", /maxAge: It is a time such as/],
    "size.yaml": ["quota: much\n", /quota: It is a size such as/],
    "token.yaml": ["tokens: [{ tokn: secret }]\n", /tokens\.0 must .*tokn/],
    "words.yaml": ["tokens: [two words]\n", /tokens: A token is /],
    "list.json": ["[]", /it must be object/],
    "syntax.yaml": ["a: b: c", /Cannot read .*syntax\.yaml/],
  };
  await using folder = await makeFolder(
    Object.fromEntries(Object.entries(wrong).map(([name, [text]]) => [name, text])),
  );
  for (const [name, [, message]] of Object.entries(wrong)) {
    const { code, stdout, stderr } = await runCli(["loom", "-c", folder.file(name)]);
    deepEqual([code, stdout], [1, ""], `${name}: ${stderr}`);
    ok(stderr.includes(name), stderr);
    match(stderr, message);
    ok(!/secret|two words/.test(stderr), stderr);
  }
});
