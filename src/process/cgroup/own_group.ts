/** Where the control group of this process lies in the file system (cgroup v2, Documentation/admin-guide/cgroup-v2.rst). */

import { join } from "node:path";

/**
 * Finds the directory of a process's group.
 *
 * @param cgroup what its `/proc/PID/cgroup` says
 * @param mountinfo what its `/proc/PID/mountinfo` says
 * @returns undefined where no hierarchy of version 2 is mounted that has it
 */
export function ownGroup(cgroup: string, mountinfo: string): string | undefined {
  const path = /^0::(\/.*)$/m.exec(cgroup)?.[1];
  // A group outside of what a namespace shows begins with /.. (cgroup_namespaces(7)).
  if (path === undefined || path.startsWith("/..")) return undefined;
  for (const line of mountinfo.split("\n")) {
    const [mount, filesystem] = line.split(" - ");
    if (filesystem?.split(" ", 1)[0] !== "cgroup2") continue;
    const [root, point] = mount.split(" ").slice(3, 5).map(unescape);
    const below = root === "/" ? path : isBelow(path, root) ? path.slice(root.length) : undefined;
    if (below !== undefined) return join(point, below).replace(/\/$/, "");
  }
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}

/** Space, tab, newline and backslash stand there as three octal digits (proc_pid_mountinfo(5)). */
export function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
