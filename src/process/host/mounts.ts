/** What a folder lies on: the mount, its file system and options (proc_pid_mountinfo(5)). */

import { unescape } from "../cgroup/own_group.ts";

/** A mount. */
export interface Mount {
  readonly point: string;
  /** Such as `ext4`, `tmpfs`, `overlay`, `nfs4`. */
  readonly type: string;
  /** Such as `ro`, `noexec`. */
  readonly options: ReadonlySet<string>;
}

/**
 * Finds the mount that a folder lies on.
 *
 * @param folder absolute, without links
 * @param mountinfo what `/proc/PID/mountinfo` says
 */
export function mountOf(folder: string, mountinfo: string): Mount | undefined {
  let found: Mount | undefined;
  for (const line of mountinfo.split("\n")) {
    const [mount, filesystem] = line.split(" - ");
    if (filesystem === undefined) continue;
    const [, , , , place, options] = mount.split(" ");
    const point = unescape(place);
    const holds = point === "/" || folder === point || folder.startsWith(`${point}/`);
    // Of several at one point, the last one hides the others.
    if (!holds || found && point.length < found.point.length) continue;
    found = { point, type: filesystem.split(" ", 1)[0], options: new Set(options.split(",")) };
  }
  return found;
}

/** The mount of a folder that is there; undefined on a system that does not tell. */
export async function mountOfFolder(folder: string): Promise<Mount | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const [path, mountinfo] = await Promise.all([Deno.realPath(folder), Deno.readTextFile("/proc/self/mountinfo")]);
  return mountOf(path, mountinfo);
}
