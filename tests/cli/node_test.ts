/** `sluice node`: what it offers, whom it joins, and how it ends. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { findCommand } from "../../src/process/find_command.ts";
import { makeFolder } from "../support/folder.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { startCli } from "../support/live_cli.ts";
import { joiningNode, listeningNode } from "../support/mesh_cli.ts";
import { runCli } from "../support/serve.ts";
import { until } from "../support/within.ts";

/** Programs in three languages, as far as they are installed. */
const PROGRAMS = [
  { language: "ruby", file: "up.rb", text: "print STDIN.read.upcase\n" },
  { language: "python3", file: "up.py", text: "import sys\nsys.stdout.write(sys.stdin.read().upper())\n" },
  { language: "sh", file: "up.sh", text: "tr a-z A-Z\n" },
].filter(({ language }) => findCommand(language) !== undefined);

Deno.test("programs in several languages on two nodes answer calls that know one of them", async () => {
  await using folder = await makeFolder(Object.fromEntries(PROGRAMS.map(({ file, text }) => [file, text])));
  const words = (at: string) => PROGRAMS.map(({ language, file }) => `${language}-${at}@1.2.0=${folder.file(file)}`);
  await using first = await listeningNode([...words("here"), "count=wc -c"]);
  await using second = await joiningNode(first.address, words("there")); // it is reached by the first only
  match(second.stderr, /^sluice node: \S.*up\.py is kept warm: /m);
  const offers = PROGRAMS.flatMap(({ language }) => [`${language}-here@^1`, `${language}-there@1.2`]);
  for (const service of [...offers, "count"]) {
    const { code, stdout, stderr } = await runCli(["call", "--join", first.address, service], { stdin: "hello" });
    deepEqual([code, stdout.trim(), stderr], [0, service === "count" ? "5" : "HELLO", ""], service);
  }
});

Deno.test("a server that runs already is offered by its URL, and asked under its own name", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { host, pathname, search } = new URL(request.url);
    const forwarded = request.headers.get("x-forwarded-host");
    return Response.json([request.method, host, forwarded, pathname + search, await request.text()]);
  });
  await using _closing = { [Symbol.asyncDispose]: () => server.shutdown() };
  const { port } = server.addr;
  await using node = await listeningNode([`shop=http://127.0.0.1:${port}/base/`]);
  const args = ["call", "--join", node.address, "shop", "--path", "/cart?x=1"];
  const { code, stdout, stderr } = await runCli(args, { stdin: "item" });
  equal(code, 0, stderr);
  deepEqual(JSON.parse(stdout), ["POST", `127.0.0.1:${port}`, `127.0.0.1:${port}`, "/base/cart?x=1", "item"]);
});

Deno.test("a join point may be down at first, and be lost, and come back: each is said once", async () => {
  const first = await listeningNode([]);
  const { address } = first;
  await first[Symbol.asyncDispose]();
  await using node = startCli(["node", "--join", address, "shout=tr a-z A-Z"]);
  await node.warned(/^sluice node: not joined by tcp:\S+: .*nothing listens there.*; trying again$/m);
  for (const joined of ["joined by", "joined again by"]) {
    const point = await listeningNode(["--listen", address]);
    await node.warned(new RegExp(`^sluice node: ${joined} ${address}$`, "m"));
    const { code, stdout, stderr } = await runCli(["call", "--join", address, "shout"], { stdin: "hello" });
    deepEqual([code, stdout], [0, "HELLO"], stderr);
    point.kill("SIGKILL");
    await point[Symbol.asyncDispose]();
  }
  await until("it is lost twice", () => node.stderr.split(`sluice node: lost ${address}: `).length === 3);
  node.kill("SIGINT");
  equal(await node.code, 0, node.stderr);
  const lines = node.stderr.trimEnd().split("\n").map((line) => line.replace(/(by|lost) tcp:.*/, "$1"));
  const said = lines.map((line) => line.replace(/node [a-z2-7]{52}/, "node ID").slice("sluice node: ".length));
  equal(said.filter((line) => line === "joined by").length, 1, node.stderr);
  equal(said.filter((line) => line === "joined again by").length, 1, node.stderr);
  ok(said.includes("node ID") && said.includes("offers shout"), node.stderr);
});

Deno.test("Ctrl-C withdraws what a node offers, and lets a call under way come to its end", async () => {
  await using folder = await makeFolder({ "wait.sh": "echo begun; read -r line; echo $line\n" });
  await using first = await listeningNode([]);
  await using node = await joiningNode(first.address, [`wait=${folder.file("wait.sh")}`]);
  await using call = startCli(["call", "--join", first.address, "-X", "POST", "wait"]);
  await call.said(/^begun\n$/);
  node.kill("SIGINT");
  await until("it is offered no more", async () => {
    const { code, stderr } = await runCli(["call", "--join", first.address, "-X", "POST", "wait"]);
    return code === 1 && /nobody in the mesh offers wait/.test(stderr);
  });
  await call.write("done\n");
  await call.closeInput();
  equal(await call.code, 0, call.stderr);
  equal(call.stdout, "begun\ndone\n");
  equal(await node.code, 0, node.stderr);
});

Deno.test("a second Ctrl-C waits for nobody, and leaves no program behind", async () => {
  await using folder = await makeFolder({ "stay.sh": 'exec 9>"$LIFELINE"; echo begun; exec sleep 1000\n' });
  await using lifeline = await makeLifeline(folder);
  await using node = await listeningNode(
    ["-t", "0", "--env", `LIFELINE=${lifeline.path}`, `stay=${folder.file("stay.sh")}`],
  );
  await using call = startCli(["call", "--join", node.address, "-X", "POST", "stay"]);
  await call.said(/^begun\n$/);
  node.kill("SIGINT");
  await until("it takes no more", async () => (await runCli(["call", "--join", node.address, "stay"])).code === 1);
  node.kill("SIGINT");
  equal(await node.code, 130, node.stderr);
  await lifeline.gone();
  equal(await call.code, 1);
});

Deno.test("a node reads variables where flags say nothing", async () => {
  await using first = await listeningNode([], { env: { SLUICE_LISTEN: "127.0.0.1:0" } });
  equal([...first.stderr.matchAll(/listening on/g)].length, 1, "a flag wins over the variable");
  const env = { SLUICE_JOIN: first.address };
  await using node = startCli(["node", "shout=tr a-z A-Z"], { env });
  await node.warned(/^sluice node: offers shout$/m);
  const { code, stdout, stderr } = await runCli(["call", "shout"], { stdin: "hello", env });
  deepEqual([code, stdout], [0, "HELLO"], stderr);
  node.kill("SIGINT");
  equal(await node.code, 0);
});

Deno.test("a node says at which port clients of flatend connect", async () => {
  await using node = await listeningNode(["--flatend", "0", "shout=tr a-z A-Z"]);
  const [, port] = await node.warned(/^sluice node: listening on tcp:\/\/127\.0\.0\.1:(\d+) for flatend$/m);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  connection.close();
});

Deno.test("a node that can't be ends with one line that says what to do", async () => {
  await using folder = await makeFolder({ "bad.key": "nothing" });
  await using first = await listeningNode([]);
  const listen = ["--listen", "0"];
  const wrong: [args: string[], code: number, message: RegExp][] = [
    [[], 2, /^sluice: Cannot be a node that nobody reaches: name whom to join with --join HOST:PORT/],
    [["--join", ","], 2, /--join.*It is empty/],
    [[...listen, "-t", "x", "web=cat"], 2, /It is a number of milliseconds/],
    [[...listen, "--cgi", "--mode", "plain", "web=cat"], 2, /--cgi and --mode plain contradict each other/],
    [[...listen, "--nonsense"], 2, /unknown option '--nonsense'/],
    [[...listen, "web=http://user@127.0.0.1/"], 2, /it is no URL as http/],
    [[...listen, "web=no-such-command-here"], 1, /there is no such file, and no such command on PATH/],
    [[...listen, "--network-key", folder.file("bad.key")], 1, /bad\.key: it is not one line of base64 of 32 bytes/],
    [[...listen, "--key", folder.file("bad.key")], 1, /Cannot use the keys of .*bad\.key: there is no key in it/],
    [["--listen", first.address], 1, /Port \d+ is taken/],
  ];
  for (const [args, code, message] of wrong) {
    const ended = await runCli(["node", ...args]);
    deepEqual([ended.code, ended.stdout], [code, ""], `${args.join(" ")}: ${ended.stderr}`);
    match(ended.stderr, message);
  }
  const help = await runCli(["node", "--help"]);
  deepEqual([help.code, help.stderr], [0, ""]);
  for (const flag of "--listen --join --advertise --key --network-key --allow --flatend --timeout --warm".split(" ")) {
    ok(help.stdout.includes(flag), flag);
  }
});
