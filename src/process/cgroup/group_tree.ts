/**
 * The control groups of this server: a group for each run, in one for all, below the group that the server was started in.
 *
 * ```
 * OWN GROUP                delegated to us: we may make groups in it, and enable its controllers for them
 *   sluice-PID             removed while there is no run
 *     1, 2, 3 ...          a run each
 *     server               ourselves, where the controllers can only be enabled once we have left our group
 * ```
 */

import { join } from "node:path";
import type { ProcessLimits } from "../process_limits.ts";
import {
  type Controller,
  groupsBelow,
  processesOf,
  readGroup,
  type RemoveGroup,
  removeGroups,
  writeGroup,
} from "./group_files.ts";
import { RunGroup } from "./run_group.ts";

const CONTROLLERS: readonly Controller[] = ["memory", "pids", "cpu"];
const OURS = /^sluice-(\d+)$/;

/** Where a tree is. */
export interface GroupTreeOptions {
  /** Directory of the group that the server is in. */
  readonly root: string;
  /** Process id of the server. */
  readonly pid?: number;
  /** Removes an empty group. */
  readonly remove?: RemoveGroup;
}

/** Makes groups for runs. */
export class GroupTree {
  readonly #root: string;
  readonly #pid: number;
  readonly #remove: RemoveGroup;
  readonly #base: string;
  #controllers: ReadonlySet<Controller> = new Set();
  #made: Promise<void> | undefined;
  #removed: Promise<void> | undefined;
  #count = 0;
  #runs = 0;
  /** We are in a group of our own below the base, which has to stay. */
  #moved = false;

  private constructor({ root, pid = Deno.pid, remove = (path) => Deno.remove(path) }: GroupTreeOptions) {
    this.#root = root;
    this.#pid = pid;
    this.#remove = remove;
    this.#base = join(root, `sluice-${pid}`);
  }

  /**
   * Removes what servers have left behind that are no more, and looks what can be done here.
   *
   * @throws what the system says when groups can't be made
   */
  static async open(options: GroupTreeOptions): Promise<GroupTree> {
    const tree = new GroupTree(options);
    await tree.#removeLeftovers();
    await tree.#enter();
    await tree.#leave();
    return tree;
  }

  /** What bounds runs. */
  get controllers(): ReadonlySet<Controller> {
    return this.#controllers;
  }

  /** Makes the group of a run, with the bounds that its controllers know. */
  async makeRun(limits: ProcessLimits): Promise<RunGroup> {
    await this.#enter();
    const path = join(this.#base, String(++this.#count));
    try {
      return await RunGroup.make(path, limits, {
        controllers: this.#controllers,
        remove: this.#remove,
        onRemoved: () => this.#leave(),
      });
    } catch (error) {
      await this.#leave();
      throw error;
    }
  }

  async #enter(): Promise<void> {
    this.#runs++;
    try {
      await this.#removed;
      await (this.#made ??= this.#make());
    } catch (error) {
      this.#runs--;
      this.#made = undefined;
      throw error;
    }
  }

  async #leave(): Promise<void> {
    if (--this.#runs > 0 || this.#moved) return;
    this.#made = undefined;
    await (this.#removed = removeGroups(this.#base, this.#remove));
  }

  async #make(): Promise<void> {
    await Deno.mkdir(this.#base, { recursive: true });
    if (!await this.#enable(this.#root) && await this.#move() && !await this.#enable(this.#root)) {
      await this.#moveBack();
    }
    await this.#enable(this.#base);
    this.#controllers = new Set(await controllersIn(this.#base, "cgroup.subtree_control"));
  }

  /** Enables the controllers for the groups below one; false when they can't be because of processes in it. */
  async #enable(group: string): Promise<boolean> {
    const enabled = await controllersIn(group, "cgroup.subtree_control");
    for (const controller of await controllersIn(group, "cgroup.controllers")) {
      if (enabled.includes(controller)) continue;
      try {
        await writeGroup(group, "cgroup.subtree_control", `+${controller}`);
      } catch (error) {
        if (error instanceof Deno.errors.Busy) return false;
        // Another reason is the system's: it is done without this one, and `controllers` says so.
      }
    }
    return true;
  }

  /** Leaves the own group, if we are alone in it: a group with processes can have none below that are bounded. */
  async #move(): Promise<boolean> {
    const processes = await processesOf(this.#root);
    if (processes.length !== 1 || processes[0] !== this.#pid) return false;
    const server = join(this.#base, "server");
    await Deno.mkdir(server, { recursive: true });
    await writeGroup(server, "cgroup.procs", String(this.#pid));
    return this.#moved = true;
  }

  async #moveBack(): Promise<void> {
    await writeGroup(this.#root, "cgroup.procs", String(this.#pid));
    await this.#remove(join(this.#base, "server"));
    this.#moved = false;
  }

  async #removeLeftovers(): Promise<void> {
    for (const name of await groupsBelow(this.#root)) {
      const pid = Number(OURS.exec(name)?.[1] ?? this.#pid);
      if (pid === this.#pid || await isRunning(pid)) continue;
      const path = join(this.#root, name);
      if (await isSeen(path)) await removeGroups(path, this.#remove);
    }
  }
}

async function controllersIn(group: string, file: string): Promise<Controller[]> {
  const names = (await readGroup(group, file) ?? "").trim().split(" ");
  return CONTROLLERS.filter((controller) => names.includes(controller));
}

async function isRunning(pid: number): Promise<boolean> {
  try {
    return (await Deno.stat(`/proc/${pid}`)).isDirectory;
  } catch {
    return false;
  }
}

/** False when there are processes that another pid namespace has: there the server may be alive. */
async function isSeen(group: string): Promise<boolean> {
  if ((await processesOf(group)).includes(0)) return false;
  for (const name of await groupsBelow(group)) if (!await isSeen(join(group, name))) return false;
  return true;
}
