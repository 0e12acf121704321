/**
 * Control groups as plain files in a plain folder: what is written where, what is read, what is removed. What the kernel
 * makes of it is tested where it has the controllers, in real_groups_test.ts.
 */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import { GroupTree } from "../../../src/process/cgroup/group_tree.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";

/** No process has this number: the kernel's own are below 2^22. */
const NOBODY = 2 ** 22 + 1;
const remove = (path: string) => Deno.remove(path, { recursive: true });

/** A group that has these controllers, and other files of the kernel's. */
function groupFolder(controllers: string, files: Record<string, string> = {}): Promise<Folder> {
  return makeFolder({ "cgroup.controllers": controllers, "cgroup.subtree_control": "", "cgroup.procs": "", ...files });
}

const text = (...path: string[]) => Deno.readTextFileSync(join(...path));
/** Names of groups, which are folders. */
const groups = (path: string) =>
  [...Deno.readDirSync(path)].filter((entry) => entry.isDirectory).map(({ name }) => name);

/** Opens a tree whose new groups have the controllers, as the kernel gives them those that are enabled above. */
async function openTree(root: Folder, enabled: string): Promise<GroupTree> {
  await Deno.writeTextFile(root.file("cgroup.subtree_control"), enabled);
  const kept = (path: string) => path === root.file("sluice-7") ? Promise.resolve() : remove(path);
  await Deno.mkdir(root.file("sluice-7"));
  await Deno.writeTextFile(root.file("sluice-7/cgroup.controllers"), enabled);
  await Deno.writeTextFile(root.file("sluice-7/cgroup.subtree_control"), enabled);
  return await GroupTree.open({ root: root.path, pid: 7, remove: kept });
}

Deno.test("GroupTree enables the controllers that it is given, and no others", async () => {
  await using root = await groupFolder("cpuset cpu io memory hugetlb pids rdma\n", {
    "cgroup.subtree_control": "cpu\n",
  });
  const tree = await GroupTree.open({ root: root.path, pid: 7, remove });
  equal(text(root.path, "cgroup.subtree_control"), "+pids"); // memory came before it: a file keeps the last word only
  deepEqual([tree.controllers.size, groups(root.path)], [0, []]);
});

Deno.test("GroupTree makes a group for each run with the bounds that its controllers know", async () => {
  await using root = await groupFolder("memory pids cpu\n");
  const tree = await openTree(root, "cpu memory pids\n");
  deepEqual([...tree.controllers].sort(), ["cpu", "memory", "pids"]);
  const run = await tree.makeRun({ memoryBytes: 5_000_000, processes: 12, cpus: 0.25, cpuMs: 1 });
  const other = await tree.makeRun({});
  const path = root.file("sluice-7/1");
  equal(run.joinedBy, join(path, "cgroup.procs"));
  deepEqual(
    ["memory.max", "pids.max", "cpu.max"].map((file) => text(path, file)),
    ["5000000", "12", "25000 100000"],
  );
  deepEqual([...Deno.readDirSync(root.file("sluice-7/2"))], []);
  await run.end();
  await other.end();
  deepEqual(groups(root.file("sluice-7")), []);
});

Deno.test("GroupTree bounds nothing by controllers that are not there", async () => {
  await using root = await groupFolder("pids\n");
  const tree = await openTree(root, "pids\n");
  const run = await tree.makeRun({ memoryBytes: 5_000_000, processes: 12, cpus: 0.25 });
  deepEqual([...Deno.readDirSync(root.file("sluice-7/1"))].map(({ name }) => name), ["pids.max"]);
  equal(run.ranOutOfMemory, false);
  equal(await run.end(), undefined);
});

Deno.test("a run's group tells whether memory ran out, and the most that was used", async () => {
  await using root = await groupFolder("memory\n");
  const tree = await openTree(root, "memory\n");
  for (const [kills, ranOut] of [[0, false], [1, true], [3, true]] as const) {
    const run = await tree.makeRun({ memoryBytes: 5_000_000 });
    const events = join(run.joinedBy, "../memory.events");
    await Deno.writeTextFile(events, `low 0\nhigh 0\nmax 9\noom 4\noom_kill ${kills}\noom_group_kill 0\n`);
    await Deno.writeTextFile(join(run.joinedBy, "../memory.peak"), "4997120\n");
    equal(run.ranOutOfMemory, ranOut);
    equal(await run.end(), 4997120);
  }
});

Deno.test("GroupTree leaves its own group to have controllers only when it is alone in it", async () => {
  for (const [others, moves] of [["", true], ["8\n", false]] as const) {
    await using root = await groupFolder("memory\n", { "cgroup.procs": `7\n${others}` });
    // What the kernel says of a group with processes: the file can't be written to.
    const busy = root.file("cgroup.subtree_control");
    const write = Deno.writeTextFile;
    Deno.writeTextFile = (path, data, options) =>
      path === busy ? Promise.reject(new Deno.errors.Busy("device or resource busy")) : write(path, data, options);
    try {
      await GroupTree.open({ root: root.path, pid: 7, remove });
    } finally {
      Deno.writeTextFile = write;
    }
    // It did not help, and so it went back.
    equal(text(root.path, "cgroup.procs"), moves ? "7" : `7\n${others}`);
    deepEqual(groups(root.path), []);
  }
});

Deno.test("GroupTree removes what dead servers left, and nothing of others", async () => {
  await using root = await groupFolder("");
  for (
    const path of [
      `sluice-${NOBODY}/1`,
      `sluice-${NOBODY}/server`,
      `sluice-${Deno.pid}/1`,
      "sluice-x",
      `other-${NOBODY}`,
    ]
  ) {
    await Deno.mkdir(root.file(path), { recursive: true });
  }
  const elsewhere = root.file(`sluice-${NOBODY + 1}/1`);
  await Deno.mkdir(elsewhere, { recursive: true });
  await Deno.writeTextFile(join(elsewhere, "cgroup.procs"), "0\n"); // processes of a namespace that we don't see
  await GroupTree.open({ root: root.path, pid: 7, remove });
  const left = [`other-${NOBODY}`, `sluice-${Deno.pid}`, `sluice-${NOBODY + 1}`, "sluice-x"];
  deepEqual(groups(root.path).sort(), left.sort()); // where ours stands depends on our number
});

Deno.test("GroupTree removes its group with the last run, and makes it again for the next", async () => {
  await using root = await groupFolder("");
  const tree = await GroupTree.open({ root: root.path, pid: 7, remove });
  for (let i = 0; i < 3; i++) {
    const runs = await Promise.all([1, 2, 3].map(() => tree.makeRun({})));
    equal(groups(root.file("sluice-7")).length, 3);
    await Promise.all(runs.map((run) => run.end()));
    deepEqual(groups(root.path), []);
  }
  const first = await tree.makeRun({});
  const [, second] = await Promise.all([first.end(), tree.makeRun({})]);
  equal(groups(root.file("sluice-7")).length, 1);
  await second.end();
});

Deno.test("GroupTree says why it can't make groups", async () => {
  await rejects(GroupTree.open({ root: "/proc/self/fdinfo" }), (error: unknown) => error instanceof Error);
  await using root = await groupFolder("");
  await Deno.writeTextFile(root.file("sluice-7"), "in the way");
  await rejects(GroupTree.open({ root: root.path, pid: 7, remove }));
  ok(root.names().includes("sluice-7"));
});
