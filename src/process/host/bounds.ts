/** How much this process and its children may have: descriptors, processes, core files, memory. */

import { join } from "node:path";
import { ownGroup } from "../cgroup/own_group.ts";
import { clientsOf } from "../../client_door.ts";
import { raiseDescriptorLimit } from "../libc.ts";
import { type Finding, type HostCheck, ok, readSystemFile, warn } from "./fact.ts";
import { hostLimits } from "./host_limits.ts";

/** The checks. */
export const bounds: readonly HostCheck[] = [
  { name: "open files", look: openFiles },
  { name: "processes", look: processes },
  { name: "core files", look: coreFiles },
  { name: "memory", look: memory },
];

/** A row of `/proc/self/limits`. */
interface Limit {
  readonly soft: number;
  readonly hard: number;
}

/** Reads one; undefined on a system that does not tell. */
function limitOf(name: string): Limit | undefined {
  const row = new RegExp(`^${name} +(\\S+) +(\\S+)`, "m").exec(readSystemFile("/proc/self/limits") ?? "");
  const read = (text: string) => text === "unlimited" ? Infinity : Number(text);
  return row ? { soft: read(row[1]), hard: read(row[2]) } : undefined;
}

function shown(limit: number): string {
  return limit === Infinity ? "unlimited" : String(limit);
}

/** Servers raise theirs by themselves as far as they may, and let their clients have half. */
function openFiles(): Finding {
  const before = limitOf("Max open files");
  const inForce = raiseDescriptorLimit() ?? before?.soft;
  if (inForce === undefined) return warn("not known: the limit can't be asked for without FFI", "grant --allow-ffi");
  const hard = before ? ` (hard limit ${shown(before.hard)})` : "";
  const found = `${shown(inForce)}${hard}: ${clientsOf(inForce)} clients at a time`;
  if (inForce >= hostLimits.descriptorsGood) return ok(found);
  return warn(found, "ulimit -n 65536");
}

function processes(): Finding {
  const limit = limitOf("Max processes");
  if (!limit) return ok("not known here");
  const found = `${shown(limit.soft)} of this user (hard limit ${shown(limit.hard)})`;
  if (limit.soft >= hostLimits.processesGood) return ok(found);
  return warn(found, "ulimit -u 4096");
}

/** A pattern that begins with | hands them to a program of the system, which decides. */
function coreFiles(): Finding {
  const limit = limitOf("Max core file size");
  if (!limit) return ok("not known here");
  if (limit.soft === 0) return ok("a program that crashes writes none");
  const pattern = readSystemFile("/proc/sys/kernel/core_pattern") ?? "";
  if (pattern.startsWith("|")) return ok("a program that crashes leaves one to the system");
  return warn("a program that crashes writes one as large as its memory", "ulimit -c 0");
}

function memory(): Finding {
  const { total, available } = Deno.systemMemoryInfo();
  const groupMax = groupMemory();
  const bound = Math.min(total, groupMax ?? Infinity);
  const found = bound < total
    ? `${mebibytes(bound)} by the control group, of ${mebibytes(total)}`
    : `${mebibytes(total)}, of which ${mebibytes(available)} are free; no bound by a control group`;
  if (bound >= hostLimits.memoryBytesGood) return ok(found);
  return warn(found, `give it ${mebibytes(hostLimits.memoryBytesGood)} or more`);
}

/** The least that this process's groups may have, of either version; undefined where none bounds it. */
function groupMemory(): number | undefined {
  const cgroup = readSystemFile("/proc/self/cgroup") ?? "";
  const own = ownGroup(cgroup, readSystemFile("/proc/self/mountinfo") ?? "");
  const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m.exec(cgroup)?.[1];
  const files = [
    ...own === undefined ? [] : upwards(own, "/sys/fs/cgroup").map((group) => join(group, "memory.max")),
    ...first === undefined
      ? []
      : [first, "/"].map((group) => join("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes")),
  ];
  const bounds = files.map((file) => Number(readSystemFile(file) || NaN)).filter(Number.isFinite);
  return bounds.length > 0 ? Math.min(...bounds) : undefined;
}

/** A group and those that it lies in. */
function upwards(group: string, root: string): string[] {
  const all = [group];
  while (all.at(-1)!.length > root.length) all.push(join(all.at(-1)!, ".."));
  return all;
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
