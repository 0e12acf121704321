/** How programs are started here: the runtime and its permissions, the launcher, groups, bounds. */

import { silent } from "../../log.ts";
import { findCommand } from "../find_command.ts";
import { defaultLauncher, whyInexact } from "../launchers.ts";
import { libc } from "../libc.ts";
import { LimitedLauncher } from "../limited_launcher.ts";
import { bad, type Finding, type HostCheck, ok, warn, wordsOf } from "./fact.ts";

const PERMISSIONS = ["read", "write", "env", "run", "net", "ffi", "sys"] as const;

/** The checks. */
export const starting: readonly HostCheck[] = [
  { name: "deno", look: runtime },
  { name: "launcher", look: launcher },
  { name: "ffi", look: ffi },
  { name: "process groups", look: groups },
  { name: "exact memory", look: exactness },
  { name: "rlimits", look: rlimits },
];

function runtime(): Finding {
  const { deno, v8 } = Deno.version;
  const missing = PERMISSIONS.filter((name) => Deno.permissions.querySync({ name }).state !== "granted");
  const found = `${deno} (V8 ${v8}) for ${Deno.build.target}`;
  if (missing.length === 0) return ok(`${found}, with all permissions`);
  return warn(`${found}, without the permission for ${missing.join(", ")}`, "deno run -A");
}

function launcher(): Finding {
  const { name } = defaultLauncher();
  if (name === "posix_spawn") return ok(name);
  return warn(`${name}: slower, and without usage and warm programs`, "use Linux, and grant --allow-ffi");
}

function ffi(): Finding {
  return libc() ? ok("the C library is called") : warn("the C library can't be called", "use Linux, and --allow-ffi");
}

/** A group of its own is what lets a run be ended with all that it has started. */
function groups(): Finding {
  if (libc()) return ok("each run leads one of its own, by posix_spawn");
  if (findCommand("setsid")) return ok("each run leads one of its own, by setsid(1)");
  return warn("none: what a program leaves running is not ended", "apt-get install util-linux");
}

function exactness(): Finding {
  const why = whyInexact();
  if (why === undefined) return ok("measured: programs are started apart from the server, by Perl");
  return warn(why, libc() ? "apt-get install perl" : "use Linux, and --allow-ffi");
}

/** Sets some, and looks whether the program still begins. */
async function rlimits(): Promise<Finding> {
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
    if (code === 0) return ok("processor time, address space, open files, file size, processes of a user");
    return bad(words.trim() || `/bin/sh ended with ${code}`, "look at `ulimit -aH`");
  } catch (error) {
    return bad(wordsOf(error), "install /bin/sh");
  }
}
