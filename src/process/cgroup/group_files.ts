/** The files of a control group: what is read from them, what is written, and how a group is emptied and removed. */

import { join } from "node:path";

/** What bounds something. */
export type Controller = "memory" | "pids" | "cpu";

/** How often it is looked whether a group is empty whose processes were killed, and how long. */
const EMPTY_CHECK_MS = 5;
const EMPTY_MS = 1000;

/** Removes the directory of a group. That its files are in it is no hindrance: they are no files. */
export type RemoveGroup = (path: string) => Promise<void>;

/** What a file of a group says; undefined where the kernel or its controllers don't have it. */
export async function readGroup(group: string, file: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(join(group, file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What a file of a group says of one key, such as `oom_kill 2`. */
export function keyedNumber(text: string | undefined, key: string): number | undefined {
  const line = text?.split("\n").find((line) => line.startsWith(`${key} `));
  return line === undefined ? undefined : Number(line.slice(key.length + 1));
}

/** Writes to a file of a group. */
export async function writeGroup(group: string, file: string, value: string): Promise<void> {
  await Deno.writeTextFile(join(group, file), value);
}

/** Writes to a file of a group that may be missing where the kernel is older, or built without it. */
export async function writeIfThere(group: string, file: string, value: string): Promise<void> {
  try {
    await Deno.writeTextFile(join(group, file), value, { create: false });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Kills all processes of a group and of those below it, those in sessions of their own too, and waits for their end. */
export async function emptyGroup(group: string): Promise<void> {
  for (let waitedMs = 0; await isPopulated(group) && waitedMs < EMPTY_MS; waitedMs += EMPTY_CHECK_MS) {
    if (waitedMs === 0) await killGroup(group);
    await new Promise((resolve) => setTimeout(resolve, EMPTY_CHECK_MS));
  }
}

async function isPopulated(group: string): Promise<boolean> {
  return keyedNumber(await readGroup(group, "cgroup.events"), "populated") === 1;
}

async function killGroup(group: string): Promise<void> {
  try {
    await Deno.writeTextFile(join(group, "cgroup.kill"), "1", { create: false });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    for (const pid of await processesOf(group)) Deno.kill(pid, "SIGKILL"); // before Linux 5.14
  }
}

/** Process ids in a group itself; 0 stands for one of another pid namespace. */
export async function processesOf(group: string): Promise<number[]> {
  return (await readGroup(group, "cgroup.procs") ?? "").split("\n").filter((line) => line !== "").map(Number);
}

/** Names of the groups below one. */
export async function groupsBelow(group: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(group)) if (isDirectory) names.push(name);
  return names;
}

/** Empties and removes a group, and first those below it. */
export async function removeGroups(group: string, remove: RemoveGroup): Promise<void> {
  await emptyGroup(group);
  for (const name of await groupsBelow(group)) await removeGroups(join(group, name), remove);
  await remove(group);
}
