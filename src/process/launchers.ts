/** The choice of a launcher: the best that the system and the permissions allow. */

import { CommandLauncher } from "./command_launcher.ts";
import { findCommand } from "./find_command.ts";
import type { Launcher } from "./launcher.ts";
import { libc } from "./libc.ts";
import { PosixLauncher } from "./posix_launcher.ts";
import { WarmLauncher, type WarmLauncherOptions } from "./warm/warm_launcher.ts";

let chosen: Launcher | undefined;

/** The launcher of this process, made at the first use. */
export function defaultLauncher(): Launcher {
  return chosen ??= choose();
}

function choose(): Launcher {
  const library = libc();
  return library ? new PosixLauncher(library) : new CommandLauncher(findCommand("setsid"));
}

/** A launcher that keeps a program warm; undefined where the system or its permissions don't allow it. */
export function warmLauncher(options: Omit<WarmLauncherOptions, "libc" | "launcher">): WarmLauncher | undefined {
  const [library, launcher] = [libc(), defaultLauncher()];
  return library && launcher instanceof PosixLauncher
    ? new WarmLauncher({ ...options, libc: library, launcher })
    : undefined;
}
