/** The choice of a launcher: the best that the system and the permissions allow. */

import { findPerl } from "./apart.ts";
import { CommandLauncher } from "./command_launcher.ts";
import type { WarmCommand } from "./command.ts";
import { findCommand } from "./find_command.ts";
import type { Launcher } from "./launcher.ts";
import { libc } from "./libc.ts";
import { PosixLauncher } from "./posix_launcher.ts";
import { AheadLauncher, type AheadLauncherOptions } from "./warm/ahead_launcher.ts";
import type { KeepingLauncher } from "./warm/keep_warm.ts";
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

/** Why the memory of a process can't be measured exactly; undefined where it can. */
export function whyInexact(): string | undefined {
  if (!libc()) return "it needs Linux, and --allow-ffi";
  return findPerl() ? undefined : "it needs Perl";
}

/** A launcher that keeps a program warm; undefined where the system or its permissions don't allow it. */
export function warmLauncher({ how, reuse, ...rest }: KeepOptions): KeepingLauncher | undefined {
  const [library, launcher] = [libc(), defaultLauncher()];
  if (!library || !(launcher instanceof PosixLauncher)) return undefined;
  const options = { ...rest, libc: library, launcher };
  if (how === "ahead") return new AheadLauncher(options);
  return new WarmLauncher({ ...options, env: { ...rest.env, ...rest.waitEnv, SLUICE_REUSE: String(reuse) } });
}

/** How a program is kept warm, and by what. */
export type KeepOptions =
  & Omit<WarmLauncherOptions & AheadLauncherOptions, "libc" | "launcher">
  & Pick<WarmCommand, "how">
  & {
    /** Runs that a forked process takes. */
    readonly reuse: number;
  };
