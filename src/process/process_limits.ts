/** What a process may use: the bounds that a program's user names, and the checks of them. */

/** Bounds on a process; what is left out has none besides those of the server. */
export interface ProcessLimits {
  /**
   * Processor time of each of its processes, milliseconds, rounded up to whole seconds: SIGXCPU, and SIGKILL a second later.
   */
  readonly cpuMs?: number;
  /**
   * Memory, bytes: of the whole tree in a control group that bounds it, else the address space of each process. That is more
   * than what is used: Node, Deno, Java and Go reserve many gigabytes when they start, and can't be bounded by it.
   */
  readonly memoryBytes?: number;
  /**
   * Processes and threads: of the tree in a control group that bounds them, else all of the server's user, and those of root
   * are not counted.
   */
  readonly processes?: number;
  /** Descriptors of each process. */
  readonly openFiles?: number;
  /** Largest file that it may write, bytes, rounded up to 512. */
  readonly fileBytes?: number;
  /** Share of processor time, in cores, such as 0.5: in a control group that bounds it, else not at all. */
  readonly cpus?: number;
}

/** Whole numbers, and the least of each that lets a process start at all. */
const LEAST: Readonly<Record<keyof ProcessLimits, number>> = {
  cpuMs: 1,
  memoryBytes: 1024 * 1024,
  processes: 1,
  openFiles: 4,
  fileBytes: 0,
  cpus: 0.01,
};

/**
 * Checks limits.
 *
 * @returns those that are there; undefined when none is
 * @throws {RangeError} for one that no process could live with
 */
export function checkProcessLimits(limits: ProcessLimits): ProcessLimits | undefined {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined) as [keyof ProcessLimits, number][];
  for (const [name, value] of given) {
    const least = LEAST[name];
    if (least === undefined) throw new TypeError(`Cannot limit ${name}: use ${Object.keys(LEAST).join(", ")}`);
    const isWhole = name === "cpus" ? Number.isFinite(value) : Number.isSafeInteger(value);
    if (!isWhole || value < least) {
      throw new RangeError(
        `Cannot limit ${name} to ${value}: it is a ${name === "cpus" ? "" : "whole "}number from ${least}`,
      );
    }
  }
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}
