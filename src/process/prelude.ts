/**
 * What runs in a process before its program: a few lines of shell that bound what it may use, and replace themselves by it.
 * Everything that varies comes as an argument, never as code. It costs the start of a shell, about half a millisecond.
 */

import type { Exit, UsedUp } from "../errors.ts";
import type { ProcessLimits } from "./process_limits.ts";

const SHELL = "/bin/sh";

/**
 * Takes orders of two words each, then a dot, then the program. Of a limit that can't be set only one that holds already is
 * good enough. Both are set one after the other: zsh sets the soft one alone when it is told of none, and dash takes one
 * flag. dash and BusyBox call the limit of processes -p, which is the size of pipes in bash. The soft limit of processor
 * time is below the hard one, since SIGXCPU says what SIGKILL would not.
 */
const PRELUDE = `
bound() { { ulimit -S "$1" "$2" && ulimit -H "$1" "\${3-$2}"; } 2>/dev/null || held "$1" "$2"; }
held() { [ "$(ulimit -S "$1")" -le "$2" ] 2>/dev/null || fail "cannot set ulimit $1 $2"; }
fail() { echo "sluice: $1" >&2; exit 126; }
while [ "$1" != . ]; do
  case $1 in
  join) echo 0 >"$2" || fail "cannot join the control group" ;;
  forget) unset "$2" ;;
  cpu) bound -t "$2" $(($2 + 1)) ;;
  processes)
    flag=-p
    ulimit -u >/dev/null 2>&1 && flag=-u
    bound $flag "$2"
    ;;
  *) bound "$1" "$2" ;;
  esac
  shift 2
done
shift
exec "$@"
`;

/** Variables that shells make up, and that the program had not without one. */
const MADE_UP = ["PWD", "OLDPWD", "SHLVL"];

/** What a shell takes over of its environment; dash drops all other variables. */
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What is done before a program begins. */
export interface Prelude {
  /** What is to be bounded by rlimits. */
  readonly limits: ProcessLimits;
  /** `cgroup.procs` of the control group that the process is to be in; undefined for the server's own. */
  readonly joins: string | undefined;
}

/** Arguments that do what is to be done, and then begin the program. */
export function withPrelude(
  argv: readonly [string, ...string[]],
  { limits, joins }: Prelude,
  env: Readonly<Record<string, string>>,
): [string, ...string[]] {
  const orders: string[] = [];
  const add = (order: string, value: number | string | undefined) => {
    if (value !== undefined) orders.push(order, String(value));
  };
  const { cpuMs, memoryBytes, processes, openFiles, fileBytes } = limits;
  add("join", joins);
  for (const name of MADE_UP) if (!(name in env)) add("forget", name);
  add("cpu", cpuMs && Math.ceil(cpuMs / 1000));
  add("processes", processes);
  add("-n", openFiles);
  add("-f", fileBytes === undefined ? undefined : Math.ceil(fileBytes / 512));
  add("-v", memoryBytes && Math.ceil(memoryBytes / 1024)); // the last: the shell lives with it, too
  return [SHELL, "-c", PRELUDE, "sluice", ...orders, ".", ...argv];
}

/**
 * Checks variables that the operator sets.
 *
 * @throws {TypeError} for one that a shell would not pass on
 */
export function checkVariables(env: Readonly<Record<string, string>>): void {
  const lost = Object.keys(env).find((name) => !VARIABLE_NAME.test(name));
  if (lost === undefined) return;
  throw new TypeError(
    `Cannot limit a program with the environment variable ${JSON.stringify(lost)}: name it by A-Z, 0-9, _`,
  );
}

/** Codes by which a shell says that a signal has ended what it ran. */
const SHELL_CODE = 128;
const SIGXCPU = 24;
const SIGXFSZ = 25;

/** What the end of a process says of the limits that were set by the prelude. */
export function usedUpOf(exit: Exit, { cpuMs, fileBytes }: ProcessLimits): UsedUp | undefined {
  if (cpuMs !== undefined && (exit.signal === "SIGXCPU" || exit.code === SHELL_CODE + SIGXCPU)) return "cpu";
  if (fileBytes !== undefined && (exit.signal === "SIGXFSZ" || exit.code === SHELL_CODE + SIGXFSZ)) return "file";
}

/** Milliseconds of a tick in /proc: on Linux, a hundredth of a second whatever the kernel's own are. */
const TICK_MS = 10;

/** True when a process, which may have ended but not been reaped, has had so much processor time. */
export function hasRunFor(pid: number, ms: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name stands in parentheses and may hold anything. Of what follows, the 12th and 13th are utime and stime.
    const [user, system] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(Number);
    return (user + system) * TICK_MS >= ms;
  } catch {
    return false; // no /proc, or it was reaped: nobody knows
  }
}
