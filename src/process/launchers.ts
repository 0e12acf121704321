/** The choice of a launcher: the best that the system and the permissions allow. */

import { CommandLauncher } from "./command_launcher.ts";
import { findCommand } from "./find_command.ts";
import type { Launcher } from "./launcher.ts";
import { libc } from "./libc.ts";
import { PosixLauncher } from "./posix_launcher.ts";

let chosen: Launcher | undefined;

/** The launcher of this process, made at the first use. */
export function defaultLauncher(): Launcher {
  return chosen ??= choose();
}

function choose(): Launcher {
  const library = libc();
  return library ? new PosixLauncher(library) : new CommandLauncher(findCommand("setsid"));
}
