/** What this host lets programs be run with: each is tried, or asked of the system, and told in words. */

import { join } from "node:path";
import { silent } from "../log.ts";
import { cacheDirectory } from "./cache.ts";
import type { Controller } from "./cgroup/group_files.ts";
import { controlGroups, type Groups } from "./cgroup/groups.ts";
import { findInterpreter, Languages } from "./languages.ts";
import { defaultLauncher, whyInexact } from "./launchers.ts";
import { libc, raiseDescriptorLimit } from "./libc.ts";
import { LimitedLauncher } from "./limited_launcher.ts";

/** One thing that a host lets be done, or not. */
export interface HostFact {
  /** Short, the same everywhere: a key. */
  readonly name: string;
  readonly works: boolean;
  /** What is there, or why it is not, and what to do. */
  readonly says: string;
}

/** Asks and tries. It starts a short process, and makes and removes a control group and a socket. */
export async function describeHost(): Promise<readonly HostFact[]> {
  const groups = await controlGroups();
  return [
    launching(),
    calling(),
    exactness(),
    await rlimits(),
    controlGroup(groups),
    ...(["memory", "pids", "cpu"] as const).map((controller) => bounding(controller, groups)),
    descriptors(),
    sockets(),
    ports(),
    interpreters(),
  ];
}

function launching(): HostFact {
  const { name } = defaultLauncher();
  const isBest = name === "posix_spawn";
  const why = "process groups by setsid(1) if it is there, no usage, no warm programs: the better one needs FFI";
  return { name: "launcher", works: isBest, says: isBest ? name : `${name}: ${why}` };
}

function calling(): HostFact {
  const works = libc() !== null;
  return { name: "ffi", works, says: works ? "the C library is called" : "needs Linux, and --allow-ffi" };
}

function exactness(): HostFact {
  const why = whyInexact();
  return { name: "exact memory", works: why === undefined, says: why ?? "started apart from the server, by Perl" };
}

/** Sets some, and looks whether the program still begins. */
async function rlimits(): Promise<HostFact> {
  const name = "rlimits";
  try {
    const limits = { cpuMs: 60_000, memoryBytes: 2 ** 36, openFiles: 64, fileBytes: 2 ** 30 };
    const groups = () => Promise.resolve({ root: undefined, tree: undefined, why: "" });
    let words = "";
    const child = await new LimitedLauncher(defaultLauncher(), { limits, log: silent, groups }).launch({
      argv: ["/bin/sh", "-c", "exit 0"],
      env: {},
      stdin: "null",
      onStderr: (chunk) => words += new TextDecoder().decode(chunk),
    });
    const { code } = await child.exit;
    await child.close();
    if (code !== 0) return { name, works: false, says: words.trim() || `/bin/sh ended with ${code}` };
    return { name, works: true, says: "processor time, address space, open files, file size, processes of a user" };
  } catch (error) {
    return { name, works: false, says: (error as Error).message };
  }
}

function controlGroup(groups: Groups): HostFact {
  const name = "cgroup v2";
  if (groups.tree) return { name, works: true, says: `groups are made in ${groups.root}` };
  return { name, works: false, says: groups.root === undefined ? groups.why : `${groups.root}: ${groups.why}` };
}

function bounding(controller: Controller, { tree, root }: Groups): HostFact {
  const name = `cgroup ${controller}`;
  if (!tree) return { name, works: false, says: "no control groups" };
  if (tree.controllers.has(controller)) return { name, works: true, says: "bounds each run" };
  return { name, works: false, says: `not delegated: ${why(controller, root!)}` };
}

function why(controller: Controller, root: string): string {
  const there = Deno.readTextFileSync(join(root, "cgroup.controllers")).trim();
  if (!there.split(" ").includes(controller)) {
    return `the group has ${there === "" ? "no controllers" : `only ${there}`} (systemd: Delegate=yes)`;
  }
  return "other processes are in the server's group; start it in one of its own (systemd-run --scope -p Delegate=yes)";
}

/** Fewer than this are soon used up: a request to a program takes four. */
const DESCRIPTORS_GOOD = 4096;

function descriptors(): HostFact {
  const limit = raiseDescriptorLimit();
  const name = "open files";
  if (limit === undefined) return { name, works: false, says: "the limit can't be asked for without FFI" };
  return {
    name,
    works: limit >= DESCRIPTORS_GOOD,
    says: `${limit}${limit < DESCRIPTORS_GOOD ? ": raise ulimit -n" : ""}`,
  };
}

/** Makes a socket where a gateway makes that for replies, if it is not told another place. */
function sockets(): HostFact {
  const folder = Deno.env.get("XDG_RUNTIME_DIR") || cacheDirectory();
  const path = join(folder, `doctor-${Deno.pid}.sock`);
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    Deno.listen({ transport: "unix", path }).close(); // which removes it, too
    return { name: "unix sockets", works: true, says: folder };
  } catch (error) {
    return { name: "unix sockets", works: false, says: `${folder}: ${(error as Error).message}` };
  }
}

/** The capability to take ports that are for the system. */
const CAP_NET_BIND_SERVICE = 10n;

function ports(): HostFact {
  const name = "ports below 1024";
  if (Deno.build.os !== "linux") return { name, works: Deno.uid() === 0, says: `user ${Deno.uid()}` };
  const first = Number(readOrNothing("/proc/sys/net/ipv4/ip_unprivileged_port_start") ?? 1024);
  const held = BigInt("0x" + (/^CapEff:\s+([0-9a-f]+)/m.exec(readOrNothing("/proc/self/status") ?? "")?.[1] ?? "0"));
  if ((held >> CAP_NET_BIND_SERVICE & 1n) === 1n) return { name, works: true, says: "by CAP_NET_BIND_SERVICE" };
  if (first <= 80) return { name, works: true, says: `from ${first} on, for every user` };
  return { name, works: false, says: "needs CAP_NET_BIND_SERVICE, or a smaller net.ipv4.ip_unprivileged_port_start" };
}

function readOrNothing(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return undefined; // a host that does not tell is taken for one that does not allow
  }
}

function interpreters(): HostFact {
  const all = new Languages().all.filter((language) => language.interpreters);
  const found = all.filter(findInterpreter).length;
  return { name: "interpreters", works: found > 0, says: `${found} of ${all.length} languages (sluice languages)` };
}
