/** `sluice call`: what it sends, what it prints, and how it ends, whatever happens on the other side. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { makeFolder } from "../support/folder.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { startCli } from "../support/live_cli.ts";
import { joiningNode, listeningNode } from "../support/mesh_cli.ts";
import { runCli } from "../support/serve.ts";
import { sluiceLine } from "../support/sluice.ts";
import { within } from "../support/within.ts";

/** Runs a shell script in which `call` calls by way of a node; `$0` is what it says. */
async function shell(script: string, address: string, ...args: string[]): ReturnType<typeof runCli> {
  const call = `call() { ${sluiceLine()} call --join ${address} "$@"; }`;
  return await runCli(["-c", `${call}\n${script}`, "sh", ...args], { program: "sh" });
}

/** Says how it was called. */
const ECHO = 'echo "$REQUEST_METHOD $PATH_INFO?$QUERY_STRING $HTTP_X_COLOUR $CONTENT_TYPE"; cat\n';

Deno.test("20 MB go both ways unchanged, to a node that listens and to one that is reached by another", async () => {
  await using folder = await makeFolder();
  const bytes = new Uint8Array(20_000_000);
  for (let at = 0; at < bytes.byteLength; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  await Deno.writeFile(folder.file("input"), bytes);
  const hash = createHash("sha256").update(bytes).digest("hex");
  await using first = await listeningNode(["near=cat"]);
  await using _second = await joiningNode(first.address, ["far=cat"]);
  for (const service of ["near", "far"]) {
    const { code, stdout, stderr } = await shell(
      'call "$1" < "$2" | sha256sum',
      first.address,
      service,
      folder.file("input"),
    );
    deepEqual([code, stderr], [0, ""]);
    equal(stdout.split(" ")[0], hash, service);
  }
});

Deno.test("method, path and header fields arrive as they were given; without input it is a GET", async () => {
  await using folder = await makeFolder({ "echo.sh": ECHO });
  await using node = await listeningNode([`echo=${folder.file("echo.sh")}`]);
  const cases: [args: string[], stdin: string | undefined, said: string][] = [
    [[], undefined, "GET /? \n"],
    [[], "", "GET /? \n"],
    [[], "in", "POST /? \nin"],
    [["-X", "put"], "in", "PUT /? \nin"],
    [["--method", "DELETE"], undefined, "DELETE /? \n"],
    [["-X", "GET"], "in", "GET /? \n"],
    [["--path", "/a/b?c=d&e=%20"], undefined, "GET /a/b?c=d&e=%20 \n"],
    [["-H", "X-Colour: red: dark", "-H", "content-type:text/css"], "in", "POST /? red: dark text/css\nin"],
  ];
  for (const [args, stdin, said] of cases) {
    const { code, stdout, stderr } = await runCli(["call", "--join", node.address, ...args, "echo"], { stdin });
    deepEqual([code, stdout.replaceAll(/ +\n/g, " \n"), stderr], [0, said, ""], args.join(" "));
  }
});

Deno.test("an answer of failure is printed, said in one line, and ends with 1", async () => {
  await using folder = await makeFolder({
    "gone.cgi": "printf 'Status: 404\\r\\nX-Why: gone\\r\\n\\r\\nno such thing\\n'\n",
  });
  await using node = await listeningNode(["--cgi", "-l", "sh", `gone=${folder.file("gone.cgi")}`]);
  const { code, stdout, stderr } = await runCli(["call", "--join", node.address, "gone"]);
  deepEqual([code, stdout, stderr], [1, "no such thing\n", "sluice call: 404 Not Found\n"]);
  const included = await runCli(["call", "--join", node.address, "-i", "gone"]);
  deepEqual([included.code, included.stdout], [1, "no such thing\n"]);
  match(included.stderr, /^404 Not Found\n([^\n]+\n)*x-why: gone\n([^\n]+\n)*\nsluice call: 404 Not Found\n$/);
});

Deno.test("a service that nobody offers, and a version that nobody has, are told apart", async () => {
  await using node = await listeningNode(["web@1.2.0=cat", "web@1.3.0=cat"]);
  const missing = await runCli(["call", "--join", node.address, "wed"]);
  deepEqual([missing.code, missing.stdout], [1, ""]);
  equal(
    missing.stderr,
    "sluice: Cannot call wed: nobody in the mesh offers wed; look at its spelling, and whether its node runs\n",
  );
  const other = await runCli(["call", "--join", node.address, "web@^2"]);
  equal(other.stderr, "sluice: Cannot call web@^2: nobody offers such a version; there is 1.2.0, 1.3.0\n");
  equal(other.code, 1);
});

Deno.test("a join point that is not there is named, and the next one is taken", async () => {
  const first = await listeningNode([]);
  const { address: down } = first;
  await first[Symbol.asyncDispose]();
  await using node = await listeningNode(["shout=tr a-z A-Z"]);
  const { code, stdout, stderr } = await runCli(["call", "--join", down, "shout"]);
  deepEqual([code, stdout], [1, ""]);
  equal(
    stderr,
    `sluice: Cannot join the mesh: Cannot reach ${down}: nothing listens there; start the node, or look at the port\n`,
  );
  const args = ["call", "--join", `${down},${node.address}`, "shout"];
  deepEqual(await runCli(args, { stdin: "hello" }), { code: 0, stdout: "HELLO", stderr: "" });
});

Deno.test("only who has the network key may call", async () => {
  await using folder = await makeFolder();
  const [right, wrong] = [folder.file("right.key"), folder.file("wrong.key")];
  for (const file of [right, wrong]) equal((await runCli(["keys", "network", file])).code, 0);
  await using node = await listeningNode(["--network-key", right, "shout=tr a-z A-Z"]);
  await using _other = await joiningNode(node.address, ["more=cat"], { env: { SLUICE_NETWORK_KEY: right } });
  const call = (...args: string[]) => runCli(["call", "--join", node.address, ...args], { stdin: "hello" });
  deepEqual(await call("--network-key", right, "shout"), { code: 0, stdout: "HELLO", stderr: "" });
  deepEqual(await call("--network-key", right, "more"), { code: 0, stdout: "hello", stderr: "" });
  for (const args of [["shout"], ["--network-key", wrong, "shout"]]) {
    const { code, stdout, stderr } = await call(...args);
    deepEqual([code, stdout], [1, ""]);
    match(
      stderr,
      /^sluice: Cannot join the mesh: tcp:\S+: .*network key.*; give the mesh's own with --network-key .*\n$/,
    );
    ok(stderr.includes(node.address));
  }
  Deno.chmodSync(right, 0o644);
  const warned = await call("--network-key", right, "shout");
  deepEqual([warned.code, warned.stdout], [0, "HELLO"]);
  match(warned.stderr, /^sluice: Others can read the network key in .*right\.key: chmod 600 it\n$/);
});

Deno.test("only a node that is on the list may call", async () => {
  await using folder = await makeFolder();
  const file = folder.file("me.pem");
  const [id] = /[a-z2-7]{52}/.exec((await runCli(["keys", "new", file])).stderr)!;
  await using node = await listeningNode(["--allow", id, "shout=tr a-z A-Z"]);
  const call = (...args: string[]) => runCli(["call", "--join", node.address, ...args, "shout"], { stdin: "hello" });
  deepEqual(await call("--key", file), { code: 0, stdout: "HELLO", stderr: "" });
  const { code, stdout, stderr } = await call();
  deepEqual([code, stdout], [1, ""]);
  match(stderr, /refuses: "this node is not on the list of those allowed"; give a key with --key whose id is allowed/);
  await node.warned(/ warn A node was not let in why="The node [a-z2-7]{52} is not allowed here"$/m);
});

Deno.test("a provider that is killed in the middle of its answer is seen, and no other call is harmed", async () => {
  await using folder = await makeFolder({ "slow.sh": "echo begun; read -r line; echo $line\n" });
  await using first = await listeningNode([`good=${folder.file("slow.sh")}`]);
  await using node = await joiningNode(first.address, [`bad=${folder.file("slow.sh")}`]);
  await using good = startCli(["call", "--join", first.address, "-X", "POST", "good"]);
  await using bad = startCli(["call", "--join", first.address, "-X", "POST", "bad"]);
  await good.said(/^begun\n$/);
  await bad.said(/^begun\n$/);
  node.kill("SIGKILL");
  equal(await bad.code, 1);
  deepEqual([bad.stdout, bad.stderr.split("\n").length], ["begun\n", 2]);
  match(bad.stderr, /^sluice: The answer of bad broke off: /);
  await good.write("whole\n");
  await good.closeInput();
  deepEqual([await good.code, good.stdout, good.stderr], [0, "begun\nwhole\n", ""]);
});

Deno.test("Ctrl-C ends the program that answers, wherever it runs", async () => {
  await using folder = await makeFolder({ "stay.sh": 'exec 9>"$LIFELINE"; echo begun; exec sleep 1000\n' });
  await using first = await listeningNode([]);
  await using lifeline = await makeLifeline(folder);
  await using _node = await joiningNode(
    first.address,
    ["-t", "0", "--env", `LIFELINE=${lifeline.path}`, `stay=${folder.file("stay.sh")}`],
  );
  await using call = startCli(["call", "--join", first.address, "stay", "-X", "POST"]);
  await call.said(/^begun\n$/);
  call.kill("SIGINT");
  equal(await call.code, 130);
  await lifeline.gone();
  equal(call.stderr, "");
});

Deno.test("Ctrl-C ends a call that waits for its input, and for a node that says nothing", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using call = startCli(["call", "--join", `127.0.0.1:${silent.addr.port}`, "shout"]);
  using _connection = await within("it comes", silent.accept());
  call.kill("SIGINT");
  equal(await call.code, 130);
  equal(call.stderr, "");
});

Deno.test("whoever reads the answer may leave early: the call ends quietly, and so does the program", async () => {
  await using folder = await makeFolder({ "endless.sh": 'exec 9>"$LIFELINE"; exec yes\n' });
  await using lifeline = await makeLifeline(folder);
  await using node = await listeningNode(
    ["--env", `LIFELINE=${lifeline.path}`, `endless=${folder.file("endless.sh")}`],
  );
  const script = '{ call endless; echo "code $?" >&2; } | head -n 2';
  const { code, stdout, stderr } = await shell(script, node.address);
  deepEqual([code, stdout, stderr], [0, "y\ny\n", "code 0\n"]);
  await lifeline.gone();
});

Deno.test("a slow reader holds up the program, and nothing is heaped up in between", async () => {
  await using folder = await makeFolder({
    "endless.sh": 'i=0; while [ $i -lt 4000 ]; do head -c 65536 /dev/zero; i=$((i+1)); echo $i > "$COUNT"; done\n',
  });
  const count = folder.file("count");
  await using node = await listeningNode([
    "-t",
    "0",
    "--env",
    `COUNT=${count}`,
    `endless=${folder.file("endless.sh")}`,
  ]);
  const script = 'call endless | { head -c 1000 | wc -c; sleep 2; cat "$1"; }';
  const { stdout } = await within("it is read", shell(script, node.address, count));
  const [first, blocks] = stdout.trim().split("\n").map(Number);
  equal(first, 1000);
  ok(blocks < 400, `${blocks} blocks of 64 KiB were written`);
});

Deno.test("--timeout ends a call that takes too long", async () => {
  await using node = await listeningNode(["-t", "0", "stay=sleep 1000"]);
  const { code, stdout, stderr } = await runCli(["call", "--join", node.address, "-t", "300", "stay"]);
  deepEqual([code, stdout], [1, ""]);
  match(stderr, /^sluice: Cannot call stay: .*in time.*\n$/);
});

Deno.test("a call in the wrong usage ends with 2 and says what is wrong", async () => {
  const join = ["--join", "127.0.0.1:1"];
  const wrong: [args: string[], message: RegExp][] = [
    [[...join], /missing required argument 'service'/],
    [["web"], /Cannot call without a node to join by: name one with --join HOST:PORT/],
    [["--join", "nowhere", "web"], /Cannot reach a node at "nowhere"/],
    [[...join, "web@x.y.z.1"], /as a range of versions/],
    [[...join, "we b"], /Cannot /],
    [[...join, "-X", "A B", "web"], /It is a method such as PUT/],
    [[...join, "-X", "TRACE", "web"], /No request may have that method/],
    [[...join, "-H", "nonsense", "web"], /It is a name and a value, such as/],
    [[...join, "-H", "a b: c", "web"], /It is a name and a value, such as/],
    [[...join, "--path", "small", "web"], /It is a path such as/],
    [[...join, "-t", "soon", "web"], /It is a number of milliseconds/],
    [[...join, "web", "more"], /too many arguments/],
  ];
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await runCli(["call", ...args]);
    deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
    match(stderr, message);
  }
  const { code, stdout, stderr } = await runCli(["call", "--help"]);
  deepEqual([code, stderr], [0, ""]);
  for (const flag of "--join --key --network-key --method --header --path --timeout --include".split(" ")) {
    ok(stdout.includes(flag), flag);
  }
});
