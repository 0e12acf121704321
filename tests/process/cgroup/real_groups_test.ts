/** The kernel's own control groups, as far as this host has them and lets us make some. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { type ExitReport, program } from "../../../mod.ts";
import { silent } from "../../../src/log.ts";
import { controlGroups } from "../../../src/process/cgroup/groups.ts";
import { GroupTree } from "../../../src/process/cgroup/group_tree.ts";
import { LimitedLauncher } from "../../../src/process/limited_launcher.ts";
import { makeFolder } from "../../support/folder.ts";
import { candidates, complete, run, shell } from "../../support/launchers.ts";
import { makeLifeline } from "../../support/lifeline.ts";
import { isRunning } from "../../support/processes.ts";
import { fromLatin1 } from "../../support/sources.ts";
import { until } from "../../support/within.ts";

const { root, tree, ...rest } = await controlGroups();
const ignore = tree === undefined;
if (ignore) console.log(`not tested: control groups: ${"why" in rest ? rest.why : ""}`);
const has = (controller: "memory" | "pids" | "cpu") => tree?.controllers.has(controller) ?? false;
for (const controller of ["memory", "pids", "cpu"] as const) {
  if (!has(controller)) console.log(`not tested: the ${controller} controller of control groups, for want of it`);
}
const MiB = 1024 * 1024;
const ours = () => [...Deno.readDirSync(root!)].map(({ name }) => name).filter((name) => name === `sluice-${Deno.pid}`);
const get = () => new Request("http://localhost/");

for (const { title, launcher } of candidates) {
  const limited = new LimitedLauncher(launcher, { limits: { openFiles: 100 }, log: silent });

  Deno.test({ ignore, name: `${title}: a run is in a group of its own, which is gone with it` }, async () => {
    const [first, second] = await Promise.all(
      [1, 2].map(() => run(limited, { argv: shell("grep ^0:: /proc/self/cgroup") })),
    );
    for (const { stdout } of [first, second]) ok(/\/sluice-\d+\/\d+\n$/.test(fromLatin1(stdout)), fromLatin1(stdout));
    ok(fromLatin1(first.stdout) !== fromLatin1(second.stdout));
    deepEqual(ours(), []);
  });

  Deno.test({ ignore, name: `${title}: what left the program's session is ended with its group` }, async () => {
    await using folder = await makeFolder();
    await using lifeline = await makeLifeline(folder);
    const env = { LIFELINE: lifeline.path, PATH: Deno.env.get("PATH")! };
    const daemon = `trap '' TERM; exec 9>"$LIFELINE"; echo $$ >&9; exec sleep 1000`;
    const line = `setsid setsid sh -c '${daemon}' </dev/null >/dev/null 2>&1 & exec 9>"$LIFELINE"; read go`;
    const child = await limited.launch(complete({ argv: shell(line), env, stdin: "pipe" }));
    const pid = Number(await lifeline.line());
    ok(isRunning(pid));
    child.stdin!.close();
    await child.exit;
    await child.close();
    await until("the daemon has gone", () => !isRunning(pid));
    await lifeline.gone();
    deepEqual(ours(), []);
  });
}

Deno.test({ ignore, name: "what a server left that was killed is ended and removed by the next one" }, async () => {
  const dead = await new Deno.Command("/bin/sh", { args: ["-c", "echo $$"] }).output();
  const left = join(root!, `sluice-${Number(new TextDecoder().decode(dead.stdout))}`);
  await Deno.mkdir(join(left, "1"), { recursive: true });
  const orphan = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  await Deno.writeTextFile(join(left, "1", "cgroup.procs"), String(orphan.pid));
  await GroupTree.open({ root: root! });
  equal((await orphan.status).signal, "SIGKILL");
  deepEqual([...Deno.readDirSync(root!)].filter(({ name }) => left.endsWith(name)), []);
});

Deno.test({ ignore, name: "many runs at once each have their group, and none is left" }, async () => {
  const limited = new LimitedLauncher(candidates[0].launcher, { limits: { cpuMs: 5000 }, log: silent });
  const runs = await Promise.all(
    Array.from({ length: 30 }, () => run(limited, { argv: shell("cat /proc/self/cgroup") })),
  );
  equal(new Set(runs.map(({ stdout }) => fromLatin1(stdout))).size, 30);
  deepEqual(ours(), []);
});

Deno.test({
  ignore: !has("memory"),
  name: "a program that uses up its memory is answered with a 507 problem that says so",
}, async () => {
  const exits: ExitReport[] = [];
  await using greedy = program({
    code: "x = bytearray(1 << 30)\nprint(len(x))",
    language: "python",
    resources: { memoryBytes: 64 * MiB },
    onExit: (report) => void exits.push(report),
  });
  const response = await greedy(get());
  deepEqual([response.status, (await response.json()).usedUp], [507, "memory"]);
  await greedy[Symbol.asyncDispose]();
  ok(exits[0].memoryPeakBytes! <= 64 * MiB);
});

Deno.test({ ignore: !has("pids"), name: "a program can't make more processes than it may have" }, async () => {
  await using bomb = program({
    code: "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait; echo done",
    language: "sh",
    resources: { processes: 4 },
  });
  ok((await (await bomb(get())).text()) !== "done\n");
});
