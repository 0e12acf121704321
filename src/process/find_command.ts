/** Commands by name: found on PATH once, resolved to the real file, so that starting them searches nothing. */

import { basename, delimiter, dirname, isAbsolute, join } from "node:path";
import { limits } from "../limits.ts";

/** Version managers whose shims choose a version at every start, which costs tens of milliseconds. */
const VERSION_MANAGERS = ["pyenv", "rbenv", "nodenv", "plenv", "phpenv", "luaenv", "goenv"];

/**
 * What was found behind shims, by the shim and what it depends on: asking costs hundreds of milliseconds in which nothing
 * else happens, and a file of routes that is read again asks for the same commands. A miss is not remembered.
 */
const behind = new Map<string, string>();

/**
 * Finds an executable.
 *
 * @param name a command's name, or a path
 * @param path list of folders, `PATH` by default
 * @returns its absolute path, behind a version manager's shim; undefined when there is none
 */
export function findCommand(name: string, path: string = Deno.env.get("PATH") ?? ""): string | undefined {
  if (name.includes("/")) return isExecutable(name) ? Deno.realPathSync(name) : undefined;
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue; // an empty or relative entry would run what lies in the working directory
    const file = join(folder, name);
    if (isExecutable(file)) return behindShim(file);
  }
  return undefined;
}

/** True for a file that somebody may execute. */
export function isExecutable(file: string): boolean {
  try {
    const info = Deno.statSync(file);
    return info.isFile && (Deno.build.os === "windows" || ((info.mode ?? 0) & 0o111) !== 0);
  } catch {
    return false; // missing or unreadable is no candidate
  }
}

function behindShim(file: string): string {
  if (basename(dirname(file)) !== "shims") return file;
  const root = dirname(dirname(file));
  const manager = VERSION_MANAGERS.map((name) => join(root, "bin", name)).find(isExecutable) ??
    VERSION_MANAGERS.map((name) => join(root, "libexec", name)).find(isExecutable);
  if (!manager) return file;
  const key = shimKey(file, root);
  const known = behind.get(key);
  if (known !== undefined && isExecutable(known)) return known;
  const { success, stdout } = new Deno.Command(manager, { args: ["which", basename(file)], stderr: "null" })
    .outputSync();
  const real = new TextDecoder().decode(stdout).trim();
  if (!success || !isExecutable(real)) return file;
  if (behind.size >= limits.shimsRemembered) behind.clear();
  behind.set(key, real);
  return real;
}

/** A manager writes its shims anew when versions come and go, and its file `version` when another is chosen for all. */
function shimKey(file: string, root: string): string {
  const shim = join(Deno.realPathSync(dirname(file)), basename(file));
  return [shim, changedAt(file), changedAt(join(root, "version"))].join("\0");
}

function changedAt(file: string): number | undefined {
  try {
    return Deno.statSync(file).mtime?.getTime();
  } catch {
    return undefined; // it is not there
  }
}
