/** The control group of one run: bounded when it is made, read and removed when the run is over. */

import { join } from "node:path";
import type { ProcessLimits } from "../process_limits.ts";
import {
  type Controller,
  emptyGroup,
  keyedNumber,
  readGroup,
  type RemoveGroup,
  writeGroup,
  writeIfThere,
} from "./group_files.ts";

/** Length of the periods in which a share of processor time is given, microseconds: the kernel's own default. */
const PERIOD_MICROS = 100_000;

/** What a group of a run is made with. */
export interface RunGroupOptions {
  readonly controllers: ReadonlySet<Controller>;
  readonly remove: RemoveGroup;
  /** Called when it has been removed, or can't be. */
  readonly onRemoved: () => Promise<void>;
}

/** A run's group. */
export class RunGroup {
  readonly #path: string;
  readonly #options: RunGroupOptions;

  private constructor(path: string, options: RunGroupOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Makes one, with the bounds that its controllers know. */
  static async make(path: string, limits: ProcessLimits, options: RunGroupOptions): Promise<RunGroup> {
    await Deno.mkdir(path);
    try {
      await bound(path, limits, options.controllers);
    } catch (error) {
      await options.remove(path);
      throw error;
    }
    return new RunGroup(path, options);
  }

  /** What a process writes 0 to so as to be in it. */
  get joinedBy(): string {
    return join(this.#path, "cgroup.procs");
  }

  /** True when one of its processes was killed because they had no more memory to use. */
  get ranOutOfMemory(): boolean {
    if (!this.#options.controllers.has("memory")) return false;
    return (keyedNumber(Deno.readTextFileSync(join(this.#path, "memory.events")), "oom_kill") ?? 0) > 0;
  }

  /**
   * Ends what is left in it, processes in sessions of their own too, and removes it.
   *
   * @returns the most memory that was used at a time, bytes, where the kernel tells
   */
  async end(): Promise<number | undefined> {
    const { controllers, remove, onRemoved } = this.#options;
    try {
      const peak = controllers.has("memory") ? await readGroup(this.#path, "memory.peak") : undefined;
      await emptyGroup(this.#path);
      await remove(this.#path);
      return peak === undefined ? undefined : Number(peak);
    } finally {
      await onRemoved();
    }
  }
}

async function bound(path: string, limits: ProcessLimits, controllers: ReadonlySet<Controller>): Promise<void> {
  const { memoryBytes, processes, cpus } = limits;
  if (memoryBytes !== undefined && controllers.has("memory")) {
    await writeGroup(path, "memory.max", String(memoryBytes));
    await writeIfThere(path, "memory.swap.max", "0"); // else it would go on in swap, slowly, and never run out
    await writeIfThere(path, "memory.oom.group", "1"); // a program without one of its processes is no program
  }
  if (processes !== undefined && controllers.has("pids")) await writeGroup(path, "pids.max", String(processes));
  if (cpus !== undefined && controllers.has("cpu")) {
    await writeGroup(path, "cpu.max", `${Math.ceil(cpus * PERIOD_MICROS)} ${PERIOD_MICROS}`);
  }
}
