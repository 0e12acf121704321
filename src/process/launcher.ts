/** Starting a process: the one interface behind which the ways to do it stand. */

import type { Exit, UsedUp } from "../errors.ts";
import type { Sink, Source } from "../bytes/source.ts";

/** What to start. Nothing in it is ever given to a shell. */
export interface LaunchSpec {
  /** Absolute path of the executable, then its arguments. */
  readonly argv: readonly [string, ...string[]];
  /** The environment that all runs of the program share: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables of this run alone, over those. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Working directory; the server's own by default. */
  readonly cwd?: string;
  /** Start it in a way that tells its own largest resident set, where the launcher can; it costs some milliseconds. */
  readonly exactUsage?: boolean;
  /** Standard input: nothing, bytes that are there already, or a pipe to write to. */
  readonly stdin: "null" | "pipe" | Uint8Array;
  /** Takes what the child writes to standard error, as it comes; never called after `close` has resolved. */
  readonly onStderr: (chunk: Uint8Array) => void;
}

/** What a process used up, where the system tells. */
export interface ResourceUsage {
  /** Processor time in user mode, milliseconds. */
  readonly userMs: number;
  /** Processor time in the kernel, milliseconds. */
  readonly systemMs: number;
  /**
   * Largest resident set of one process, bytes. For a child of the server, that is at least what the server itself has had,
   * whose memory it shares until it begins its program; where `isExact` says so it is not.
   */
  readonly maxRssBytes: number;
  /** True when it was started in the way that tells its own. */
  readonly isExact?: boolean;
}

/** A running process, the leader of a process group of its own. */
export interface Child {
  /** Process id, which is the id of its group too. */
  readonly pid: number;
  /** Where a body goes, when `stdin` was `pipe`. */
  readonly stdin: Sink | undefined;
  /** Everything the group writes to standard output; it ends when the last holder has closed it. */
  readonly stdout: Source;
  /** Resolves when the leader has ended. Its pid stays taken until `close`, so that signals can't reach a stranger. */
  readonly exit: Promise<Exit>;
  /** True as soon as `exit` has been resolved. */
  readonly ended: boolean;
  /** What the leader and its reaped children used; undefined before it has ended, and where only `close` tells. */
  readonly usage?: ResourceUsage | undefined;
  /** Sends a signal to the whole group; does nothing when it is gone. */
  signal(name: "SIGTERM" | "SIGKILL"): void;
  /**
   * Passes on what is left of standard error, and then no more. To be called once `exit` has resolved.
   */
  drainStderr(): Promise<void>;
  /**
   * Ends what is left of the group, reaps the leader, closes all pipes. To be called once `exit` has resolved.
   *
   * @returns what the leader and its reaped children used, where the system tells
   */
  close(): Promise<ResourceUsage | undefined>;
  /** What the program used up of what it was given, if that is how it came to end so. */
  usedUp?(exit: Exit): UsedUp | undefined;
  /** The most that it and its descendants had in memory at a time, bytes; known after `close`, where it is known at all. */
  readonly memoryPeakBytes?: number;
}

/** A way to start processes. */
export interface Launcher {
  /** Its name in logs and reports. */
  readonly name: string;
  /** Starts a process. Rejects with a `ProgramError` with code `start` when it can't be started. */
  launch(spec: LaunchSpec): Promise<Child>;
}
