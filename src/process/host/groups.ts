/** What control groups bound here. */

import { join } from "node:path";
import type { Controller } from "../cgroup/group_files.ts";
import { controlGroups, type Groups } from "../cgroup/groups.ts";
import { type Finding, type HostCheck, ok, readSystemFile, warn } from "./fact.ts";

/** Gives the server a group that it may divide. */
const DELEGATE = "systemd-run --scope -p Delegate=yes sluice …";

/** The checks. */
export const groups: readonly HostCheck[] = [
  { name: "cgroup v2", look: async () => hierarchy(await controlGroups()) },
  ...(["memory", "pids", "cpu"] as const).map((controller) => ({
    name: `cgroup ${controller}`,
    look: async () => bounding(controller, await controlGroups()),
  })),
];

function hierarchy(groups: Groups): Finding {
  if (groups.tree) return ok(`delegated and writable: groups are made in ${groups.root}`);
  if (groups.root === undefined) {
    return warn(groups.why, "systemd.unified_cgroup_hierarchy=1 on the kernel's command line");
  }
  return warn(`${groups.root}: ${groups.why}`, DELEGATE);
}

function bounding(controller: Controller, { tree, root }: Groups): Finding {
  if (!tree) return warn("not bounded: no control groups", "see cgroup v2");
  if (tree.controllers.has(controller)) return ok("bounds each run");
  return warn(`not delegated: ${whyNot(controller, root!)}`, DELEGATE);
}

function whyNot(controller: Controller, root: string): string {
  const there = readSystemFile(join(root, "cgroup.controllers")) ?? "";
  if (there.split(" ").includes(controller)) return "other processes are in the server's group";
  return `the group has ${there === "" ? "no controllers" : `only ${there}`}`;
}
