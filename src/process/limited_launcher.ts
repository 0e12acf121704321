/**
 * Launcher around another one that bounds what each process may use: by rlimits everywhere, and by a control group of its
 * own where the server may make some. That costs a shell's start a run.
 */

import type { Exit, UsedUp } from "../errors.ts";
import type { Log } from "../log.ts";
import { controlGroups, type Groups } from "./cgroup/groups.ts";
import type { RunGroup } from "./cgroup/run_group.ts";
import type { Child, Launcher, LaunchSpec, ResourceUsage } from "./launcher.ts";
import { hasRunFor, usedUpOf, withPrelude } from "./prelude.ts";
import type { ProcessLimits } from "./process_limits.ts";
import { refuseUnstartable } from "./startable.ts";

/** What bounds processes. */
export interface LimitedLauncherOptions {
  readonly limits: ProcessLimits;
  /** Told once what can't be bounded here. */
  readonly log: Log;
  /** Where groups are made; those of this server by default. */
  readonly groups?: () => Promise<Groups>;
}

/** Starts processes by another launcher, within limits. */
export class LimitedLauncher implements Launcher {
  readonly name: string;
  readonly #launcher: Launcher;
  readonly #options: LimitedLauncherOptions;
  /** Looked for at once: while it is alone, the server can leave a group that it must not stay in. */
  readonly #groups: Promise<Groups>;

  constructor(launcher: Launcher, options: LimitedLauncherOptions) {
    this.name = `${launcher.name}, limited`;
    this.#launcher = launcher;
    this.#options = options;
    this.#groups = (options.groups ?? controlGroups)();
    this.#groups.then((groups) => tellUnbounded(options, groups));
  }

  async launch(spec: LaunchSpec): Promise<Child> {
    refuseUnstartable(spec.argv[0]); // else the shell would say it, as the program
    const { limits } = this.#options;
    const { tree } = await this.#groups;
    const group = await tree?.makeRun(limits);
    try {
      const prelude = { limits: group ? withoutBounded(limits, tree!.controllers) : limits, joins: group?.joinedBy };
      const argv = withPrelude(spec.argv, prelude, { ...spec.env, ...spec.variables });
      return new LimitedChild(await this.#launcher.launch({ ...spec, argv }), limits, group);
    } catch (error) {
      await group?.end();
      throw error;
    }
  }
}

/** What rlimits have to bound: a group does it for the whole tree, and does not count what is only reserved. */
function withoutBounded(limits: ProcessLimits, controllers: ReadonlySet<string>): ProcessLimits {
  return {
    ...limits,
    memoryBytes: controllers.has("memory") ? undefined : limits.memoryBytes,
    processes: controllers.has("pids") ? undefined : limits.processes,
  };
}

function tellUnbounded({ limits, log }: LimitedLauncherOptions, groups: Groups): void {
  if (limits.cpus === undefined || groups.tree?.controllers.has("cpu")) return;
  const why = groups.tree ? "its cpu controller is not delegated" : groups.why;
  log("warn", "the share of processor time is not bounded: that needs a control group", { why });
}

/** A process within limits. */
class LimitedChild implements Child {
  readonly #child: Child;
  readonly #limits: ProcessLimits;
  readonly #group: RunGroup | undefined;
  #closed: Promise<ResourceUsage | undefined> | undefined;
  memoryPeakBytes: number | undefined;

  constructor(child: Child, limits: ProcessLimits, group: RunGroup | undefined) {
    this.#child = child;
    this.#limits = limits;
    this.#group = group;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get stdin(): Child["stdin"] {
    return this.#child.stdin;
  }

  get stdout(): Child["stdout"] {
    return this.#child.stdout;
  }

  get exit(): Promise<Exit> {
    return this.#child.exit;
  }

  get ended(): boolean {
    return this.#child.ended;
  }

  get usage(): ResourceUsage | undefined {
    return this.#child.usage;
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    this.#child.signal(name);
  }

  drainStderr(): Promise<void> {
    return this.#child.drainStderr();
  }

  usedUp(exit: Exit): UsedUp | undefined {
    if (this.#group?.ranOutOfMemory) return "memory";
    const { cpuMs } = this.#limits;
    // A program that goes on in spite of SIGXCPU is killed; what is left of it still tells how long it ran.
    if (exit.signal === "SIGKILL" && cpuMs !== undefined && hasRunFor(this.pid, cpuMs)) return "cpu";
    return usedUpOf(exit, this.#limits);
  }

  close(): Promise<ResourceUsage | undefined> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<ResourceUsage | undefined> {
    try {
      return await this.#child.close();
    } finally {
      this.memoryPeakBytes = await this.#group?.end();
    }
  }
}
