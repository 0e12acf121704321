/** Processes started ahead: how many there are, what becomes of them, and that nothing tells a run in one from a cold run. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { findCommand } from "../../../src/process/find_command.ts";
import type { LaunchSpec } from "../../../src/process/launcher.ts";
import { libc } from "../../../src/process/libc.ts";
import { PosixLauncher } from "../../../src/process/posix_launcher.ts";
import { runnerFile } from "../../../src/process/runners.ts";
import { AheadLauncher, type AheadLauncherOptions } from "../../../src/process/warm/ahead_launcher.ts";
import { SpareCount } from "../../../src/process/warm/spare_count.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";
import { complete, type Outcome, run } from "../../support/launchers.ts";
import { childrenOf, descriptors, isRunning } from "../../support/processes.ts";
import { fromLatin1, readAll } from "../../support/sources.ts";
import { until } from "../../support/within.ts";

const library = libc();
const posix = library && new PosixLauncher(library);
const parts = new URL("../../../src/process/runners/warm/", import.meta.url);
const part = (name: string) => decodeURIComponent(new URL(name, parts).pathname);
const base = { PATH: Deno.env.get("PATH")!, LANG: "C.UTF-8" };

/** A program in shell that can wait for its run, and that says in a file that it has begun one. */
const waiting = `
if [ -n "$SLUICE_WARM" ]; then
  unset SLUICE_WARM
  eval "$BEFORE"
  echo >&4; exec 4>&-
  request=$(tr '\\0' ' ' <&3); exec 3<&-
  [ -n "$request" ] || exit 0
  for variable in $request; do export "$variable"; done
  how=ahead
fi
echo "\${how:-cold} $NAME $(cat)"; echo "$NAME complains" >&2
exit \${CODE:-0}
`;

interface Made extends AsyncDisposable {
  readonly launcher: AheadLauncher;
  readonly folder: Folder;
  readonly said: string[];
  /** Pids of the spares. */
  spares(): number[];
  /** Resolves when a spare waits for a run. */
  spare(): Promise<void>;
  run(variables: Record<string, string>, stdin?: LaunchSpec["stdin"]): Promise<Outcome>;
}

/** A launcher of the shell program. */
async function make(options: Partial<AheadLauncherOptions> = {}): Promise<Made> {
  const folder = await makeFolder({ "program": waiting });
  const before = new Set(childrenNow(Deno.pid));
  const argv = ["/bin/sh", folder.file("program")] as const;
  const said: string[] = [];
  const launcher = new AheadLauncher({
    libc: library!,
    launcher: posix!,
    argv,
    env: base,
    waitEnv: { SLUICE_WARM: "yes" },
    cwd: undefined,
    sources: [folder.file("program")],
    sparesMax: 4,
    onOutput: (chunk) => void said.push(fromLatin1(chunk)),
    onEvent: (_, message) => void said.push(message),
    ...options,
  });
  const spares = () => childrenNow(Deno.pid).filter((pid) => !before.has(pid) && isRunning(pid));
  return {
    launcher,
    folder,
    said,
    spares,
    spare: () => until("a spare waits", () => launcher.waiting().some(isRunning)),
    run: (variables, stdin = "null") => run(launcher, { argv, env: options.env ?? base, variables, stdin }),
    [Symbol.asyncDispose]: async () => {
      await launcher[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A process's children, also while its threads come and go. */
function childrenNow(pid: number): number[] {
  for (;;) {
    try {
      return childrenOf(pid);
    } catch {
      if (!isRunning(pid)) return [];
    }
  }
}

const test = (name: string, fn: () => Promise<void>) => Deno.test({ name: `ahead: ${name}`, ignore: !posix, fn });
const kind = (launcher: AheadLauncher) => launcher.state.kind;

Deno.test("ahead: as many spares are kept as requests came within the time of a start", () => {
  const count = new SpareCount(16);
  equal(count.target, 0);
  count.begin(0);
  equal(count.target, 1);
  count.started(50);
  for (let ms = 0; ms < 1000; ms += 100) count.arrive(ms);
  equal(count.target, 1);
  for (let i = 0; i < 5; i++) count.arrive(2000 + i * 10);
  equal(count.target, 5);
  for (let i = 0; i < 100; i++) count.arrive(3000);
  equal(count.target, 16);
});

Deno.test("ahead: a slower start asks for more spares", () => {
  const targets = [10, 400].map((startMs) => {
    const count = new SpareCount(64);
    count.started(startMs);
    for (let ms = 0; ms < 1000; ms += 20) count.arrive(ms);
    return count.target;
  });
  deepEqual(targets, [1, 21]);
});

Deno.test("ahead: what was needed fades to one spare, and to none after thirty seconds without a request", () => {
  const count = new SpareCount(16);
  for (let i = 0; i < 8; i++) count.arrive(0);
  const targets: number[] = [];
  for (let second = 1; second <= 31; second++) {
    count.tick(second * 1000);
    targets.push(count.target);
  }
  equal(targets[0], 8);
  ok(targets.every((target, i) => i === 0 || target <= targets[i - 1]), targets.join());
  ok(targets[20] < 5, targets.join());
  deepEqual(targets.slice(-2), [0, 0]);
  count.arrive(40_000);
  for (let second = 41; second < 69; second++) count.tick(second * 1000);
  equal(count.target, 1);
});

test("a run gets its variables, standard input and output, its code, and tells what it used", async () => {
  await using made = await make();
  await made.launcher.prepare();
  deepEqual(made.launcher.state, { kind: "ready" });
  const { stdout, stderr, exit, usage } = await made.run({ NAME: "one", CODE: "3" }, new TextEncoder().encode("body"));
  equal(fromLatin1(stdout), "ahead one body\n");
  equal(stderr, "one complains\n");
  deepEqual(exit, { code: 3, signal: null });
  ok(usage!.maxRssBytes > 0);
});

test("each run has a process of its own, and without a spare it is cold", async () => {
  await using made = await make({ sparesMax: 1 });
  await made.launcher.prepare();
  const all = await Promise.all(Array.from({ length: 8 }, (_, i) => made.run({ NAME: `n${i}` })));
  equal(new Set(all.map(({ pid }) => pid)).size, 8);
  deepEqual(all.map(({ stdout }) => fromLatin1(stdout).split(" ")[1]), all.map((_, i) => `n${i}`));
  equal(all.filter(({ stdout }) => fromLatin1(stdout).startsWith("ahead")).length, 1);
  await until("there is a spare again", () => made.spares().length === 1);
});

test("a mebibyte of standard input arrives, given at once or written to the pipe", async () => {
  await using made = await make();
  const body = new Uint8Array(1 << 20).fill(97);
  for (const stdin of [body, "pipe"] as const) {
    await made.launcher.prepare();
    const child = await made.launcher.launch(
      complete({ argv: ["/nonexistent"], variables: { NAME: "n" }, stdin }),
    );
    const stdout = readAll(child.stdout);
    if (stdin === "pipe") {
      for (let at = 0; at < body.length; at += 100_000) {
        equal(await child.stdin!.write(body.slice(at, at + 100_000)), true);
      }
      child.stdin!.close();
    }
    equal((await stdout).byteLength, "ahead n \n".length + body.byteLength);
    await child.exit;
    await child.close();
    await made.spare();
  }
});

test("a run without a variable is a run", async () => {
  await using made = await make();
  await made.launcher.prepare();
  equal(fromLatin1((await made.run({})).stdout), "ahead  \n");
});

test("more variables than a pipe takes are given to a cold run, and a NUL byte to none", async () => {
  await using made = await make();
  await made.launcher.prepare();
  equal(fromLatin1((await made.run({ NAME: "x".repeat(66_000) })).stdout).slice(0, 6), "cold x");
  equal(fromLatin1((await made.run({ NAME: "x".repeat(65_000) })).stdout).slice(0, 7), "ahead x");
  let refused: unknown;
  await made.run({ NAME: "a\0CODE=1" }).catch((error) => refused = error);
  ok(refused instanceof TypeError, String(refused));
});

test("what a spare wrote to standard error before its run belongs to its run", async () => {
  await using made = await make({ env: { ...base, BEFORE: "echo early words >&2" } });
  await made.launcher.prepare();
  equal((await made.run({ NAME: "n" })).stderr, "early words\nn complains\n");
  deepEqual(made.said, []);
});

test("a changed program is used by the next run", async () => {
  await using made = await make();
  await made.launcher.prepare();
  const [old] = made.spares();
  await Deno.writeTextFile(made.folder.file("new"), waiting.replace("complains", "is content"));
  await Deno.rename(made.folder.file("new"), made.folder.file("program"));
  equal((await made.run({ NAME: "n" })).stderr, "n is content\n");
  await until("the old spare has gone", () => !isRunning(old));
  await made.launcher.prepare();
  const { stdout, stderr } = await made.run({ NAME: "n" });
  deepEqual([fromLatin1(stdout), stderr], ["ahead n \n", "n is content\n"]);
  deepEqual(made.said, []);
});

test("a spare that dies is replaced, and no run is lost with it", async () => {
  await using made = await make();
  await made.launcher.prepare();
  const [pid] = made.spares();
  Deno.kill(pid, "SIGKILL");
  while (isRunning(pid)); // without a turn of the event loop, in which its end would be noticed
  equal(fromLatin1((await made.run({ NAME: "n" })).stdout), "cold n \n");
  await made.spare();
  equal(fromLatin1((await made.run({ NAME: "n" })).stdout), "ahead n \n");
});

test("spares that die again and again are started more and more seldom, and runs are cold", async () => {
  await using made = await make({ env: { ...base, BEFORE: "exit 7" } });
  await made.launcher.prepare();
  const { state } = made.launcher;
  ok(state.kind === "failed", state.kind);
  equal(state.why, "a process started ahead ended with exit code 7");
  const first = state.retryAtMs - performance.now();
  equal(fromLatin1((await made.run({ NAME: "n" })).stdout), "cold n \n");
  equal(made.spares().length, 0);
  await until("it is tried again", () => performance.now() > state.retryAtMs);
  await made.launcher.prepare();
  const again = made.launcher.state;
  ok(again.kind === "failed" && again.retryAtMs - performance.now() > first, again.kind);
  deepEqual(made.said, Array(2).fill(`started cold for a while: ${state.why}`));
});

test("a program that does not wait is run once without a request, and then cold for good", async () => {
  await using made = await make({ argv: ["/bin/true"] });
  await made.launcher.prepare();
  equal(kind(made.launcher), "refused");
  equal(fromLatin1((await made.run({ NAME: "n" })).stdout), "cold n \n");
  equal(kind(made.launcher), "refused");
});

test("an interpreter that can't be started is a failure, and the cold run says so too", async () => {
  await using made = await make({ argv: ["/no/such/interpreter"] });
  await made.launcher.prepare();
  const { state } = made.launcher;
  ok(state.kind === "failed" && state.why.startsWith("Cannot start /no/such/interpreter: "), JSON.stringify(state));
});

test("a variable that the user has set is not taken from him", async () => {
  await using made = await make({ env: { ...base, SLUICE_WARM: "" } });
  await made.launcher.prepare();
  deepEqual(made.launcher.state, { kind: "refused", why: "its environment sets SLUICE_WARM" });
  equal(fromLatin1((await made.run({ NAME: "n" })).stdout), "cold n \n");
});

test("disposing ends the spares, those that start too, and leaves nothing open", async () => {
  for (const prepared of [true, false]) {
    const before = descriptors(Deno.pid).length;
    const made = await make();
    if (prepared) await made.launcher.prepare();
    const running = made.run({ NAME: "n" });
    await made[Symbol.asyncDispose]();
    equal((await running).exit.code, 0);
    deepEqual(made.spares(), []);
    equal(kind(made.launcher), "closed");
    await until("the descriptors are closed", () => descriptors(Deno.pid).length === before);
  }
});

test("a launcher that is closed runs cold", async () => {
  const made = await make();
  await made.launcher[Symbol.asyncDispose]();
  equal(fromLatin1((await made.run({ NAME: "n" })).stdout), "cold n \n");
  deepEqual(made.spares(), []);
  await made[Symbol.asyncDispose]();
});

test("two hundred runs at once are each run once", async () => {
  await using made = await make();
  await made.launcher.prepare();
  const all = await Promise.all(Array.from({ length: 200 }, (_, i) => made.run({ NAME: `n${i}` })));
  deepEqual(all.map(({ stdout }) => fromLatin1(stdout).split(" ")[1]), all.map((_, i) => `n${i}`));
  ok(made.spares().length <= 4);
});

// What follows is about the languages: the same script cold and in a process started ahead.

interface Language {
  readonly interpreter: string;
  readonly extension: string;
  readonly argv: (interpreter: string, script: string) => LaunchSpec["argv"];
  readonly waitEnv: LaunchSpec["env"];
  readonly scripts: Record<string, string>;
}

const request = JSON.stringify({
  ...{ id: "r", method: "POST", url: "http://localhost/a?b", path: "/a", headers: {}, remoteAddress: "::1" },
  ...{ query: {}, params: { name: "ü" }, files: {}, body: null },
});
const variables = { SLUICE_REQUEST: request, REQUEST_METHOD: "POST", HTTP_X: "a=b \\ü\n'\"", PARAM_empty: "" };

const javascript: Record<string, string> = {
  "process": `
    const fs = require("node:fs");
    const status = fs.readFileSync("/proc/self/status", "utf8").match(/^Sig(?:Blk|Ign|Cgt).*/mg);
    const stat = fs.readFileSync("/proc/self/stat", "utf8").split(" ");
    const pipes = fs.readdirSync("/proc/self/fd").filter((fd) => {
      try { return fs.fstatSync(Number(fd)).isFIFO() } catch { return false }
    });
    console.log(JSON.stringify([Object.entries(process.env).sort(), process.argv.slice(1), process.execArgv, process.cwd(), process.umask(),
      status, stat[4] == process.pid, stat[5] == process.pid, [0, 1, 2].map((fd) => fs.fstatSync(fd).isFIFO()),
      pipes.length, new Date(0).toString(), Object.keys(globalThis), __filename, require.main === module,
      process.getActiveResourcesInfo(), process.exitCode], null, 1));`,
  "children's environment": `
    console.log(require("node:child_process").execFileSync("/usr/bin/env").toString().split("\\n").sort().join());
    console.log(require("node:child_process").execFileSync("/bin/ls", ["/proc/self/fd"]).toString());`,
  "a worker's environment": `
    const { Worker } = require("node:worker_threads");
    new Worker("require('node:worker_threads').parentPort.postMessage(process.env)", { eval: true })
      .on("message", (env) => console.log(Object.entries(env).sort()));`,
  "standard input": `service.req.setEncoding("utf8").on("data", (text) => console.log(text.toUpperCase()));`,
  "process.stdin":
    `process.stdin.on("data", (chunk) => process.stdout.write(chunk)).on("end", () => console.log("!"));`,
  "an uncaught error": `null.member;`,
  "an uncaught error after the first byte": `console.log("one"); setTimeout(() => null.member, 5);`,
  "a rejection that nobody handles": `Promise.reject(new Error("nobody"));`,
  "exit code 3": `console.log("out"); process.exit(3);`,
  "a signal": `console.log("out"); process.kill(process.pid, "SIGKILL"); setTimeout(() => {}, 1000);`,
  "a syntax error": `const = 1;`,
  "waiting for nothing": `module.exports = () => new Promise(() => {});`,
  "timers": `
    const began = process.hrtime.bigint();
    setTimeout(() => console.log("late", process.hrtime.bigint() - began > 28_000_000n), 30);
    setImmediate(() => console.log("soon")); process.nextTick(() => console.log("now"));`,
  "a handler of the Fetch API": `module.exports = async (service) => service.res.json(service.params);`,
  "warnings": `process.emitWarning("careful"); console.error("error"); console.log("done");`,
};

const modules: Record<string, string> = {
  "import.meta": `console.log(import.meta.url, process.argv.slice(1)); console.error(new Error("trace").stack);`,
  "a handler of the Fetch API": `export default async (request) =>
        new Response(request.method + " " + request.url + " " + await request.text(), { status: 418 });`,
  "a stream": `export default () => new Response(new ReadableStream({ async start(c) {
        for (const text of ["a", "b"]) { c.enqueue(new TextEncoder().encode(text)); await new Promise((r) => setTimeout(r, 5)); }
        c.close();
      } }));`,
  "an uncaught error": `await null.member;`,
  "a rejected handler": `export default () => { throw new TypeError("no"); };`,
  "await without end": `await new Promise(() => {});`,
  "a missing module": `import "./missing.mjs";`,
};

const denoRun = ["run", "--quiet", "--no-config", "--no-lock", "--allow-all"];

const languages: Record<string, Language> = {
  node: {
    interpreter: "node",
    extension: ".cjs",
    argv: (interpreter, script) => [interpreter, runnerFile("javascript.js"), script, "an argument"],
    waitEnv: { SLUICE_WARM: part("javascript_ahead.mjs") },
    scripts: javascript,
  },
  "node, modules": {
    interpreter: "node",
    extension: ".mjs",
    argv: (interpreter, script) => [interpreter, runnerFile("javascript.js"), script],
    waitEnv: { SLUICE_WARM: part("javascript_ahead.mjs") },
    scripts: modules,
  },
  bun: {
    interpreter: "bun",
    extension: ".cjs",
    argv: (interpreter, script) => [interpreter, runnerFile("javascript.js"), script],
    waitEnv: { SLUICE_WARM: part("javascript_ahead.mjs") },
    scripts: {
      ...javascript,
      "Bun's own": `
        console.log(Bun.env.REQUEST_METHOD, Bun.spawnSync(["/usr/bin/env"]).stdout.toString().split("\n").sort().join());
        console.log(Bun.argv.slice(1), Bun.main);`,
    },
  },
  "bun, modules": {
    interpreter: "bun",
    extension: ".mjs",
    argv: (interpreter, script) => [interpreter, runnerFile("javascript.js"), script],
    waitEnv: { SLUICE_WARM: part("javascript_ahead.mjs") },
    scripts: modules,
  },
  deno: {
    interpreter: "deno",
    extension: ".cjs",
    argv: (interpreter, script) => [interpreter, ...denoRun, runnerFile("javascript.js"), script, "an argument"],
    waitEnv: { SLUICE_WARM: part("javascript_deno.mjs") },
    scripts: javascript,
  },
  "deno, modules": {
    interpreter: "deno",
    extension: ".ts",
    argv: (interpreter, script) => [interpreter, ...denoRun, runnerFile("javascript.js"), script],
    waitEnv: { SLUICE_WARM: part("javascript_deno.mjs") },
    scripts: {
      ...modules,
      "Deno's own": `
        const { stdout } = await new Deno.Command("/usr/bin/env").output();
        console.log(new TextDecoder().decode(stdout).split("\\n").sort().join());
        console.log(Object.entries(Deno.env.toObject()).sort(), Deno.args, Deno.mainModule, Deno.cwd(), Object.keys(globalThis));
        for await (const chunk of Deno.stdin.readable) await Deno.stdout.write(chunk);
        Deno.exit(4);`,
    },
  },
  r: {
    interpreter: "Rscript",
    extension: ".r",
    argv: (interpreter, script) => [interpreter, script, "an argument", "--another"],
    waitEnv: { R_PROFILE: part("r.R") },
    scripts: {
      "process": `
        status <- grep("^Sig(Blk|Ign|Cgt)", readLines("/proc/self/status"), value = TRUE)
        print(status); print(getwd()); print(Sys.umask()); print(commandArgs()); print(commandArgs(trailingOnly = TRUE))
        env <- Sys.getenv(); print(env[names(env) != "R_SESSION_TMPDIR"])
        print(search()); print(sort(loadedNamespaces())); print(ls(all.names = TRUE)); print(names(getLoadedDLLs()))
        print(interactive()); print(showConnections(all = TRUE)); print(Sys.time() > 0); print(options())
        print(lapply(search(), function(name) length(ls(name, all.names = TRUE)))); print(exists(".Random.seed"))`,
      "descriptors": `invisible(system("ls -l /proc/self/fd | sed -E 's/.*-> //; s/[0-9]+/N/g' | sort"))`,
      "children's environment":
        `cat(sort(grep("R_SESSION_TMPDIR", system("env", intern = TRUE), invert = TRUE, value = TRUE)))`,
      "top-level values":
        `1 + 1\nx <- 3\nx\ninvisible(4)\nNULL\n"text"\nfunction(a) a # comment\nlm(c(1, 2.5, 3) ~ c(1, 2, 3))`,
      "standard input": `for (line in readLines(file("stdin"))) cat(toupper(line), "\\n")`,
      "an error": `cat("one\\n"); f <- function(x) stop("no ", x); f("good"); cat("never\\n")`,
      "exit code 3": `cat("one\\n"); quit(status = 3)`,
      "warnings at the end": `for (i in 1:3) warning("careful ", i); f <- function() { warning("f"); 1 }; f()`,
      "a syntax error": `cat("one\\n")\nx <- (1 +\n`,
      "a last function":
        `.Last <- function() cat("last\\n"); reg.finalizer(globalenv(), function(e) cat("final\\n"), onexit = TRUE)`,
      "a package": `library(splines); library(stats4); print(search()); print(environmentName(environment(sd)))`,
      "classes":
        `setClass("P", representation(x = "numeric")); setMethod("show", "P", function(object) cat("P\\n")); new("P", x = 1)`,
      "a trace":
        `options(error = quote({ traceback(2); quit(status = 5) })); f <- function() g(); g <- function() stop("deep"); f()`,
      "UTF-8":
        `x <- "ü"; print(x); print(Sys.getenv("HTTP_X")); print(nchar(Sys.getenv("HTTP_X"))); print(Encoding(Sys.getenv("HTTP_X")))`,
      "seeds": `set.seed(1); print(runif(3)); print(sample(10))`,
    },
  },
};

for (const [name, { interpreter, extension, scripts }] of Object.entries(languages)) {
  const path = findCommand(interpreter);
  if (!path) console.log(`not tested: ${name} ahead, for want of ${interpreter}`);
  for (const [what, script] of Object.entries(scripts)) {
    Deno.test({
      name: `ahead, ${name}: ${what} as cold`,
      ignore: !path || !posix,
      fn: async () => {
        const { cold, warm } = await bothWays(languages[name], { [`script${extension}`]: script });
        deepEqual(told(warm), told(cold));
      },
    });
  }
}

/** Runs a script cold and in a process started ahead. */
async function bothWays(
  { interpreter, extension, argv, waitEnv }: Language,
  files: Record<string, string>,
): Promise<{ cold: Outcome; warm: Outcome }> {
  await using folder = await makeFolder(files);
  const words = argv(findCommand(interpreter)!, folder.file(`script${extension}`));
  const env = { ...base, HOME: folder.path };
  await using launcher = ahead({ argv: words, waitEnv, env, cwd: folder.path });
  const stdin = new TextEncoder().encode("one\ntwo\n");
  const spec = { argv: words, env, variables, cwd: folder.path, stdin };
  const [cold] = await Promise.all([run(posix!, spec), launcher.prepare()]);
  equal(kind(launcher), "ready");
  return { cold, warm: await run(launcher, { ...spec, argv: ["/nonexistent"] }) };
}

/** What a run shows, but for what differs between two cold runs too. */
function told({ pid, stdout, stderr, exit }: Outcome): unknown {
  const lines = (text: string) => text.replaceAll(String(pid), "PID").replace(/\b0x[0-9a-f]+/g, "ADDRESS").split("\n");
  return { stdout: lines(new TextDecoder().decode(stdout)), stderr: lines(stderr), exit };
}

function ahead(options: Partial<AheadLauncherOptions> & Pick<AheadLauncherOptions, "argv" | "waitEnv">): AheadLauncher {
  return new AheadLauncher({
    ...{ libc: library!, launcher: posix!, env: base, cwd: undefined, sources: [], sparesMax: 1 },
    onOutput: (chunk) => console.log(fromLatin1(chunk)),
    onEvent: (_, message) => console.log(message),
    ...options,
  });
}

Deno.test({
  name: "ahead, r: a user's own start-up file as cold",
  ignore: !posix || !findCommand("Rscript"),
  fn: async () => {
    const profile = `loadedNamespaces()\ny <- 5\noptions(digits = 3)\nSys.getenv("REQUEST_METHOD")\nwarning("w")\n` +
      `setHook(packageEvent("stats", "onLoad"), function(...) cat("stats is loaded\\n"))\n` +
      `library(splines)\n.First <- function() print(search())\n`;
    const { cold, warm } = await bothWays(languages.r, { ".Rprofile": profile, "script.r": "pi + y\nsearch()\n" });
    match(fromLatin1(cold.stdout), /stats is loaded/);
    deepEqual(told(warm), told(cold));
  },
});

Deno.test({
  name: "ahead, r: what a file named warm loads is loaded before the run",
  ignore: !posix || !findCommand("Rscript"),
  fn: async () => {
    const script = `"splines" %in% loadedNamespaces()\nls()\n`;
    const { cold, warm } = await bothWays(languages.r, { "warm.r": "library(splines); x <- 1", "script.r": script });
    deepEqual([cold, warm].map(({ stdout }) => fromLatin1(stdout)), [
      "[1] FALSE\ncharacter(0)\n",
      "[1] TRUE\ncharacter(0)\n",
    ]);
  },
});

Deno.test({
  name: "ahead, node: what a file named warm loads is loaded before the run",
  ignore: !posix || !findCommand("node"),
  fn: async () => {
    const { cold, warm } = await bothWays(languages.node, {
      "warm.cjs": `require("./slow.cjs")`,
      "slow.cjs": `exports.loaded = process.env.REQUEST_METHOD ?? "ahead"`,
      "script.cjs": `console.log(require("./slow.cjs").loaded)`,
    });
    deepEqual([cold, warm].map(({ stdout }) => fromLatin1(stdout).split("\r\n\r\n")[1]), ["POST\n", "ahead\n"]);
  },
});

test("spares end by themselves when the server is killed", async () => {
  await using folder = await makeFolder({ "program": waiting });
  const urls = ["libc", "posix_launcher", "warm/ahead_launcher"]
    .map((name) => new URL(`../../../src/process/${name}.ts`, import.meta.url).href);
  const code = `
    const [{ libc }, { PosixLauncher }, { AheadLauncher }] = await Promise.all(${
    JSON.stringify(urls)
  }.map((u) => import(u)));
    const ahead = new AheadLauncher({
      libc: libc(), launcher: new PosixLauncher(libc()), argv: ["/bin/sh", ${JSON.stringify(folder.file("program"))}],
      env: ${JSON.stringify(base)}, waitEnv: { SLUICE_WARM: "yes" }, sources: [], sparesMax: 4,
      onOutput() {}, onEvent() {},
    });
    await ahead.prepare();
    console.log(ahead.state.kind);`;
  const server = new Deno.Command(Deno.execPath(), { args: ["eval", code], stdout: "piped" }).spawn();
  const reader = server.stdout.getReader();
  equal(new TextDecoder().decode((await reader.read()).value), "ready\n");
  const spares = childrenNow(server.pid);
  ok(spares.length > 0);
  server.kill("SIGKILL");
  await server.status;
  await reader.cancel();
  await until("the spares have gone", () => !spares.some(isRunning));
});
