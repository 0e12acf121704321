/** The control groups that this process may make: looked for once, at the first use. */

import { ownGroup } from "./own_group.ts";
import { GroupTree } from "./group_tree.ts";

/** What can be done with control groups here. */
export type Groups =
  | { readonly root: string; readonly tree: GroupTree }
  /** Nothing, and why. */
  | { readonly root: string | undefined; readonly tree: undefined; readonly why: string };

let found: Promise<Groups> | undefined;

/** Looks whether the server may make control groups below its own. */
export function controlGroups(): Promise<Groups> {
  return found ??= find();
}

async function find(): Promise<Groups> {
  let root: string | undefined;
  try {
    if (Deno.build.os !== "linux") throw new Error("only Linux has control groups");
    const [cgroup, mountinfo] = await Promise.all(
      ["/proc/self/cgroup", "/proc/self/mountinfo"].map((path) => Deno.readTextFile(path)),
    );
    root = ownGroup(cgroup, mountinfo);
    if (root === undefined) throw new Error("cgroup v2 is not mounted");
    return { root, tree: await GroupTree.open({ root }) };
  } catch (error) {
    return { root, tree: undefined, why: error instanceof Error ? error.message : String(error) };
  }
}
