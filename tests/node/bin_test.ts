/** `sluice` as npm starts it: there is a process of Node.js in front of Deno, which nobody is to notice. */

import { deepEqual, equal, match } from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import metadata from "../../deno.json" with { type: "json" };
import { bundleCli } from "../../scripts/build/bundle.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { nodeTest } from "../support/node_process.ts";
import { runCli, serve, Transcript } from "../support/serve.ts";
import { CTRL_C, onTerminal } from "../support/terminal.ts";
import { until } from "../support/within.ts";

/** Stands for Deno: says what it was started with and which signals come, until it is told how to end. */
const RECORDER = `#!/usr/bin/env node
const [, , ...args] = process.argv;
const words = args.slice(args.findIndex((word) => word.endsWith("sluice.js")) + 1);
const say = (text) => require("node:fs").writeSync(1, text + "\\n");
for (const name of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"]) process.on(name, () => say("came " + name));
say("words " + JSON.stringify(words));
say("pid " + process.pid);
if (words[0] === "exit") process.exit(Number(words[1]));
if (words[0] === "die") {
  process.removeAllListeners(words[1]);
  process.kill(process.pid, words[1]);
}
process.stdin.on("data", (text) => say("read " + text)).on("end", () => process.exit(0));
setInterval(() => {}, 1000);
`;

/** The package's bin and its command line; in `recorder` a Deno that only tells. */
let project: Folder;
Deno.test.beforeAll(async () => {
  project = await makeFolder();
  for (const name of ["bin", "recorder", "nothing"]) await Deno.mkdir(project.file(name));
  await Deno.copyFile(fileURLToPath(new URL("../../scripts/npm/bin.mjs", import.meta.url)), project.file(BIN));
  await Deno.writeTextFile(project.file("package.json"), `{"type":"module"}`);
  await Deno.writeTextFile(project.file("recorder/package.json"), `{"type":"commonjs"}`);
  await Deno.writeTextFile(project.file("recorder/deno"), RECORDER, { mode: 0o755 });
  await bundleCli(project.file("cli"));
});
Deno.test.afterAll(async () => await project[Symbol.asyncDispose]());

const BIN = "bin/sluice.js";
const path = (first: string) => `${first}:${Deno.env.get("PATH")}`;
/** Runs the bin on the Deno that these tests run on. */
const real = () => ({ prefix: ["node"], program: project.file(BIN), env: { PATH: path(dirname(Deno.execPath())) } });
/** Runs it on the recorder. */
const recorded = () => ({
  prefix: ["node"],
  program: project.file(BIN),
  env: { PATH: path(project.file("recorder")) },
});

nodeTest("words, exit codes and standard input go through unchanged", async () => {
  const words = ["exit", "7", "two words", "", "--flag=$HOME", "ü'\"\\"];
  const { code, stdout } = await runCli(words, recorded());
  deepEqual([code, JSON.parse(/^words (.*)$/m.exec(stdout)![1])], [7, words]);
  const echoed = await runCli([], { ...recorded(), stdin: "hello" });
  equal(echoed.code, 0);
  match(echoed.stdout, /^read hello$/m);
});

nodeTest("what ends by a signal is seen to have ended by it", async () => {
  const { env } = recorded();
  for (const signal of ["SIGTERM", "SIGKILL", "SIGHUP"] as const) {
    const process = new Deno.Command("node", { args: [project.file(BIN), "die", signal], env, stdout: "null" }).spawn();
    deepEqual((await process.status).signal, signal);
  }
});

nodeTest("signals are passed on, each once, where no terminal sends them", async () => {
  const process = new Deno.Command("setsid", { // a session without a terminal
    args: ["node", project.file(BIN)],
    env: recorded().env,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = new Transcript(process.stdout);
  await output.match(/^pid \d+$/m);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) {
    process.kill(signal);
    await output.match(new RegExp(`^came ${signal}$`, "m"));
  }
  await process.stdin.close();
  equal((await process.status).code, 0);
  await output.ended;
  equal(output.text.match(/^came /gm)?.length, 4);
});

nodeTest("Ctrl-C on a terminal comes once, a second one once more", async () => {
  const { env } = recorded();
  await using terminal = onTerminal(`node '${project.file(BIN)}'`, { env });
  await terminal.said(/^pid \d+\s*$/m);
  await terminal.press(CTRL_C);
  await terminal.said(/came SIGINT/);
  await terminal.press(CTRL_C);
  await terminal.said(/came SIGINT[^]*came SIGINT/);
  await terminal.press("\x04"); // the end of input: what came until then is what was sent
  equal(await terminal.code, 0);
  equal(terminal.text.match(/came SIGINT/g)?.length, 2);
});

nodeTest("in a terminal's background a signal that is sent to it is passed on", async () => {
  const { env } = recorded();
  const line = [
    "set -m", // each job is a group of its own, as in the shell of a person
    `node '${project.file(BIN)}' < /dev/null & pid=$!`,
    "read -r _",
    "kill -INT $pid",
    "wait $pid",
  ].join("\n");
  const idle = `process.stdin.on`;
  await Deno.writeTextFile(project.file("recorder/deno"), RECORDER.replace(idle, "0 && process.stdin.on"));
  try {
    await using terminal = onTerminal(line, { env });
    const [, pid] = await terminal.said(/^pid (\d+)\s*$/m);
    await terminal.press("\r");
    await terminal.said(/came SIGINT/);
    Deno.kill(Number(pid), "SIGKILL");
    await terminal.code;
  } finally {
    await Deno.writeTextFile(project.file("recorder/deno"), RECORDER);
  }
});

nodeTest("without any Deno it says what to do", async () => {
  const node = new TextDecoder().decode(
    (await new Deno.Command("node", { args: ["-p", "process.execPath"] }).output()).stdout,
  ).trim();
  const { code, stderr } = await runCli([], { ...real(), prefix: [node], env: { PATH: project.file("nothing") } });
  equal(code, 1);
  match(stderr, /^sluice: Cannot run Deno: there is none on PATH, and none in the package deno .*put deno .* on PATH/);
});

nodeTest("the real command line runs by it: its version, a mistake, and a program's output", async () => {
  deepEqual(await runCli(["--version"], real()), { code: 0, stdout: `${metadata.version}\n`, stderr: "" });
  equal((await runCli(["serve", "--nonsense"], real())).code, 2);
  const once = await runCli(["serve", "--once", "--", "tr", "a-z", "A-Z"], { ...real(), stdin: "hello" });
  deepEqual([once.code, once.stdout], [0, "HELLO"]);
});

nodeTest("programs see the variables of whoever started it, and none of how Deno was started", async () => {
  const { env, ...started } = real();
  const show = ["serve", "--once", "--env", "DENO_NO_UPDATE_CHECK", "--", "sh", "-c", "echo $DENO_NO_UPDATE_CHECK"];
  const { code, stderr } = await runCli(show, { ...started, env });
  deepEqual([code, /DENO_NO_UPDATE_CHECK is not set here/.test(stderr)], [2, true]);
  const mine = { ...env, DENO_NO_UPDATE_CHECK: "mine" };
  deepEqual(await runCli(show, { ...started, env: mine, stdin: "" }), { code: 0, stdout: "mine\n", stderr: "" });
});

nodeTest("SIGTERM stops a server and its Deno", async () => {
  const server = await serve(["--", "sh", "-c", "echo $PPID"], real());
  const deno = Number(await (await fetch(server.url)).text());
  equal(await server.stop("SIGTERM"), 0);
  await until("its Deno is gone", () => {
    try {
      Deno.kill(deno, "SIGCONT");
      return false;
    } catch {
      return true;
    }
  });
});
