/** The one file: what needs more than JavaScript of it: programs that Deno runs, isolates, the store, the schema, no network. */

import { deepEqual, equal, match } from "node:assert/strict";
import { makeWarmPlace, type Place, start, testExecutable, testUnpacking } from "../support/executable.ts";
import { runCli, serve, type Served } from "../support/serve.ts";

/** A server of the place's file, with nothing of Deno's on its PATH. */
function served(place: Place, command: readonly string[], args: readonly string[]): Promise<Served> {
  return serve(args, { program: place.file("sluice"), command, env: { ...place.env } });
}

testUnpacking("serves programs in JavaScript and TypeScript with the Deno that it carries", async () => {
  await using place = await makeWarmPlace();
  await Deno.writeTextFile(place.file("hello.js"), "console.log('hello ' + Deno.version.deno)");
  await Deno.writeTextFile(place.file("typed.ts"), "const n: number = 42; console.log(n)");
  const serving = ["serve", "-p", "0"];
  await using server = await served(place, serving, [`/js=${place.file("hello.js")}`, `/ts=${place.file("typed.ts")}`]);
  equal(await text(server.url + "/js"), `hello ${Deno.version.deno}\n`);
  equal(await text(server.url + "/ts"), "42\n");
});

testExecutable("serves with several isolates", async () => {
  await using place = await makeWarmPlace();
  await using server = await served(place, ["serve", "-p", "0", "--workers", "2"], ["--", "sh", "-c", "echo $PPID"]);
  for (let i = 0; i < 10; i++) equal(await text(server.url), `${server.pid}\n`);
});

testExecutable("keeps streams over a restart", async () => {
  await using place = await makeWarmPlace();
  const loom = ["loom", "-p", "0", "--log", "none", "--data", place.file("data")];
  {
    await using first = await served(place, loom, []);
    const { code, stderr } = await runCli(["stream", first.url, "kept"], { stdin: "one two" });
    equal(code, 0, stderr);
  }
  await using second = await served(place, loom, []);
  const { stdout } = await runCli(["tail", second.url, "kept", "--no-follow"]);
  equal(stdout, "one two");
});

testExecutable("serves a gateway's file, and has its schema within", async () => {
  await using place = await makeWarmPlace();
  const { code, stdout } = await start(place, ["gateway", "--schema"]);
  equal(code, 0);
  match(JSON.parse(stdout).$schema, /json-schema\.org/);
  const file = place.file("sluice.toml");
  await Deno.writeTextFile(file, 'listen = ":0"\n[[routes]]\npath = "/hello"\nrun = { command = ["echo", "hello"] }\n');
  const PATH = `${place.env.PATH}:/usr/bin:/bin`;
  await using server = await serve([], {
    program: place.file("sluice"),
    command: ["gateway", "-c", file],
    env: { ...place.env, PATH },
  });
  equal(await text(server.url + "/hello"), "hello\n");
});

testExecutable("needs no network, to unpack or to serve", async () => {
  await using place = await makeWarmPlace();
  await Deno.writeTextFile(place.file("hello.js"), "console.log('hello')");
  const script = `ip link set lo up
    SLUICE_CACHE_DIR="$PWD/new" ./sluice --version
    strace -f -qq -e trace=connect -o trace ./sluice serve -p 18080 hello.js & server=$!
    until curl -sf http://127.0.0.1:18080/; do sleep 0.1; done
    kill -INT $(pgrep -P $server); wait $server`;
  const words = ["unshare", "--net", "sh", "-c", script];
  const env = { PATH: `${place.env.PATH}:/usr/sbin:/usr/bin:/sbin:/bin` };
  const { stdout, stderr } = await start(place, [], { words, env });
  match(stdout, /^\d+\.\d+\.\d+\nhello\n$/, stderr);
  const tried = (await Deno.readTextFile(place.file("trace"))).split("\n")
    .filter((line) => /AF_INET/.test(line) && !/127\.0\.0\.1|::1/.test(line));
  deepEqual(tried, []);
}, ["root", "unshare", "ip", "strace", "curl", "pgrep"]);

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  equal(response.status, 200, url);
  return await response.text();
}
