/** Bounds on processes, by rlimits, with each launcher that can be had here. Control groups have tests of their own. */

import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { type ExitReport, program, ProgramError } from "../../mod.ts";
import { silent } from "../../src/log.ts";
import type { Groups } from "../../src/process/cgroup/groups.ts";
import { findCommand } from "../../src/process/find_command.ts";
import { LimitedLauncher } from "../../src/process/limited_launcher.ts";
import { withPrelude } from "../../src/process/prelude.ts";
import { checkProcessLimits, type ProcessLimits } from "../../src/process/process_limits.ts";
import { makeFolder } from "../support/folder.ts";
import { candidates, complete, run, shell } from "../support/launchers.ts";
import { fromLatin1 } from "../support/sources.ts";

const groups = (): Promise<Groups> => Promise.resolve({ root: undefined, tree: undefined, why: "not in this test" });
const MiB = 1024 * 1024;
const get = () => new Request("http://localhost/");
/** What a process is bound by, as the kernel tells it: each limit's soft and hard value. */
const LIMITS = "cat /proc/self/limits";

function bounds(text: string): Record<string, [soft: string, hard: string]> {
  return Object.fromEntries(
    [...text.matchAll(/^Max (\w+(?: \w+)*?) {2,}(\S+) +(\S+)/gm)].map(([, name, soft, hard]) => [name, [soft, hard]]),
  );
}

const all: ProcessLimits = {
  cpuMs: 1500,
  memoryBytes: 512 * MiB,
  processes: 5000,
  openFiles: 77,
  fileBytes: 1000,
  cpus: 1,
};

for (const { title, launcher } of candidates) {
  const limited = (limits: ProcessLimits) => new LimitedLauncher(launcher, { limits, log: silent, groups });
  const test = (name: string, fn: () => Promise<void>) => Deno.test(`${title}, limited: ${name}`, fn);

  test("a process has the limits, rounded up to what the system counts in", async () => {
    const { stdout, exit } = await run(limited(all), { argv: shell(LIMITS) });
    equal(exit.code, 0);
    const found = bounds(fromLatin1(stdout));
    deepEqual(found["cpu time"], ["2", "3"]);
    deepEqual(found["address space"], [String(512 * MiB), String(512 * MiB)]);
    deepEqual(found["processes"], ["5000", "5000"]);
    deepEqual(found["open files"], ["77", "77"]);
    deepEqual(found["file size"], ["1024", "1024"]);
  });

  test("arguments, variables, input and exit codes are as without limits", async () => {
    const args = ["", " ", "a b", "$(id)", "`id`", "'\"", "line\nbreak", "-n", ".", "cpu", "*"];
    const spec = {
      argv: shell(`printf '%s\\0' "$@"; cat; exit 7`, ...args),
      env: { PATH: "/usr/bin:/bin", A: "$(id) `id`\n*" },
      stdin: new TextEncoder().encode("in"),
    };
    const { stdout, exit } = await run(limited(all), spec);
    deepEqual([fromLatin1(stdout), exit], [args.map((arg) => arg + "\0").join("") + "in", { code: 7, signal: null }]);
    const env = findCommand("env")!;
    equal(
      fromLatin1((await run(limited(all), { argv: [env, "-0"], env: spec.env })).stdout).split("\0").sort().join("|"),
      `|A=${spec.env.A}|PATH=/usr/bin:/bin`,
    );
  });

  test("a program that can't be started is refused as without limits", async () => {
    await using folder = await makeFolder({
      text: "echo here\n",
      odd: "#!/no/such/interpreter\n",
      odder: "#!/bin/sh\n",
    });
    await Deno.chmod(folder.file("text"), 0o755);
    await Deno.chmod(folder.file("odder"), 0o644);
    for (const name of ["never-there", "text", "odd", "odder"]) {
      const launched = limited(all).launch(complete({ argv: [folder.file(name)] }));
      await rejects(launched, (error: unknown) => error instanceof ProgramError && error.code === "start", name);
    }
  });

  test("the end of a program tells of its processor time, also when it goes on in spite of the signal", async () => {
    const busy = { argv: shell("while :; do :; done") };
    const child = await limited({ cpuMs: 1000 }).launch(complete(busy));
    const exit = await child.exit;
    deepEqual([exit.signal, child.usedUp!(exit)], ["SIGXCPU", "cpu"]);
    await child.close();
    const inside = await limited({ cpuMs: 1000 }).launch(
      complete({ argv: shell("sh -c 'while :; do :; done'; exit $?") }),
    );
    deepEqual([(await inside.exit).code, inside.usedUp!(await inside.exit)], [128 + 24, "cpu"]);
    await inside.close();
  });

  test("the end of a program tells of a file that is too large", async () => {
    await using folder = await makeFolder();
    const line = `dd if=/dev/zero bs=4096 count=2 status=none of='${folder.file("large")}'`;
    const child = await limited({ fileBytes: 4096 }).launch(
      complete({ argv: ["/bin/sh", "-c", `exec ${line}`], env: { PATH: "/usr/bin:/bin" } }),
    );
    const exit = await child.exit;
    deepEqual([exit.signal, child.usedUp!(exit)], ["SIGXFSZ", "file"]);
    await child.close();
    equal(Deno.statSync(folder.file("large")).size, 4096);
  });

  test("an end that has to do with no limit tells of none", async () => {
    for (const line of ["exit 3", "kill -KILL $$", "exit 126", "exit 137"]) {
      const child = await limited(all).launch(complete({ argv: shell(line) }));
      equal(child.usedUp!(await child.exit), undefined, line);
      await child.close();
    }
  });
}

const [best] = candidates;

Deno.test("a program that catches SIGXCPU is killed a second later, and that is told apart, where it is reaped by us", async () => {
  if (!best.reaps) return console.log("not tested: SIGKILL of processor time, for want of a launcher that reaps");
  const limited = new LimitedLauncher(best.launcher, { limits: { cpuMs: 1000 }, log: silent, groups });
  const child = await limited.launch(complete({ argv: shell("trap '' XCPU; while :; do :; done") }));
  const exit = await child.exit;
  deepEqual([exit.signal, child.usedUp!(exit)], ["SIGKILL", "cpu"]);
  await child.close();
});

Deno.test("the prelude works in every shell that is here", async () => {
  const given = { limits: all, joins: undefined };
  for (
    const [name, ...first] of [["dash"], ["bash", "--posix"], ["busybox", "sh"], ["ksh"], ["mksh"], [
      "zsh",
      "--emulate",
      "sh",
    ]]
  ) {
    const path = findCommand(name);
    if (!path) continue;
    const [, ...args] = withPrelude(["/bin/cat", "/proc/self/limits"], given, {});
    const { stdout, stderr, code } = await new Deno.Command(path, { args: [...first, ...args], clearEnv: true })
      .output();
    equal(code, 0, name + new TextDecoder().decode(stderr));
    const found = bounds(new TextDecoder().decode(stdout));
    deepEqual([found["cpu time"], found["processes"], found["open files"]], [["2", "3"], ["5000", "5000"], [
      "77",
      "77",
    ]], name);
  }
});

Deno.test("a limit that can't be set stops the program before it begins, and one that holds already does not", async () => {
  const prefix = ["/bin/sh", "-c", 'ulimit -n 50; exec "$@"', "sh"];
  // Only root may raise a limit.
  const asOthers = Deno.uid() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : [];
  if (asOthers.length > 0 && !findCommand("setpriv")) {
    return console.log("not tested: limits of others, for want of setpriv");
  }
  for (const [openFiles, expected] of [[60, 0], [40, 0]] as const) {
    const argv = withPrelude(["/bin/true"], { limits: { openFiles }, joins: undefined }, {});
    const [first, ...args] = [...asOthers, ...prefix, ...argv];
    equal((await new Deno.Command(first, { args }).output()).code, expected, `open files: ${openFiles}`);
  }
  const argv = withPrelude(["/bin/echo", "begun"], { limits: {}, joins: "/no/such/group" }, {});
  const { code, stdout, stderr } = await new Deno.Command(argv[0], { args: argv.slice(1) }).output();
  deepEqual([code, stdout.byteLength], [126, 0]);
  match(new TextDecoder().decode(stderr), /sluice: cannot join the control group/);
});

Deno.test("a program that uses up its processor time is answered with a 507 problem that says so", async () => {
  const exits: ExitReport[] = [];
  await using busy = program({
    code: "while :; do :; done",
    language: "sh",
    resources: { cpuMs: 900 },
    onExit: (report) => void exits.push(report),
  });
  const response = await busy(get());
  const { detail, usedUp } = await response.json();
  deepEqual([response.status, detail, usedUp], [507, "The program used up its processor time", "cpu"]);
  await busy[Symbol.asyncDispose]();
  const [{ signal, error }] = exits;
  deepEqual([signal, error instanceof ProgramError && error.usedUp], ["SIGXCPU", "cpu"]);
});

Deno.test("a program that wants more memory than it may have is one that failed", async () => {
  await using greedy = program({
    code: "x = bytearray(1 << 30)\nprint(len(x))",
    language: "python",
    resources: { memoryBytes: 300 * MiB },
  });
  ok([502, 507].includes((await greedy(get())).status));
});

Deno.test("a program with limits runs cold, and its log says so once", async () => {
  const log: string[] = [];
  await using limited = program({
    code: "print('hello')",
    language: "python",
    warm: true,
    resources: { openFiles: 50 },
    log: (_, message) => void log.push(message),
  });
  equal(limited.warm, undefined);
  for (let i = 0; i < 2; i++) equal(await (await limited(get())).text(), "hello\n");
  deepEqual(log, ["its runs are cold: warm ones can't be limited or measured exactly"]);
});

Deno.test("program() refuses limits that nothing could live with, and variables that a shell would drop", () => {
  const wrong: [ProcessLimits, string][] = [
    [{ cpuMs: 0 }, "RangeError"],
    [{ memoryBytes: 1024 }, "RangeError"],
    [{ openFiles: 3 }, "RangeError"],
    [{ processes: 1.5 }, "RangeError"],
    [{ cpus: 0 }, "RangeError"],
    [{ cpus: NaN }, "RangeError"],
    [{ ["memory" as keyof ProcessLimits]: 1 }, "TypeError"],
  ];
  for (const [resources, name] of wrong) throws(() => program({ command: ["cat"], resources }), { name });
  throws(() => program({ command: ["cat"], env: { "a.b": "1" }, resources: { openFiles: 50 } }), { name: "TypeError" });
  equal(checkProcessLimits({}), undefined);
  equal(checkProcessLimits({ cpuMs: undefined }), undefined);
  deepEqual(checkProcessLimits({ cpuMs: undefined, cpus: 0.5 }), { cpus: 0.5 });
});
