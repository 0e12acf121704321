/**
 * Starts commands and ends them for certain. A server gets a process group of its own, so that what it started ends with
 * it, and writes its output to a file: a reader in this process would take part in what is measured.
 */

/** A server that answers, until it is disposed. */
export interface Server extends AsyncDisposable {
  /** Where the program answers. */
  readonly url: string;
  /** Its own processes, seen before the first request, so without those of programs. */
  readonly pids: readonly number[];
}

export interface StartOptions {
  /** Directory for its log. */
  dir: string;
  /** The server's URL once it is ready, told from its log so far; otherwise null. */
  ready: (log: string) => Promise<string | null> | string | null;
  signal: AbortSignal;
  cwd?: string;
}

const READY_MS_MAX = 15_000;
const STOP_MS_MAX = 3_000;
const POLL_MS = 10;

/** Starts a server in the foreground and waits until it is ready. */
export async function startServer(command: readonly string[], options: StartOptions): Promise<Server> {
  const { dir, ready, signal, cwd } = options;
  const logPath = await Deno.makeTempFile({ dir, suffix: ".log" });
  const child = new Deno.Command("sh", {
    args: ["-c", 'log=$1; shift; exec "$@" >"$log" 2>&1', "sh", logPath, ...command],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    detached: true,
  }).spawn();
  let ended = false;
  child.status.then(() => ended = true);
  try {
    const deadline = Date.now() + READY_MS_MAX;
    for (;;) {
      signal.throwIfAborted();
      const log = await Deno.readTextFile(logPath);
      if (ended || Date.now() > deadline) throw new Error(`Cannot start ${command[0]}: ${log.trim().slice(-500)}`);
      const url = await ready(log);
      if (url !== null) {
        return { url, pids: await groupMembers(child.pid), [Symbol.asyncDispose]: () => stopGroup(child) };
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } catch (error) {
    await stopGroup(child);
    throw error;
  }
}

async function stopGroup(child: Deno.ChildProcess): Promise<void> {
  signalGroup(child.pid, "SIGTERM");
  const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), STOP_MS_MAX);
  await child.status;
  clearTimeout(timer);
  signalGroup(child.pid, "SIGKILL"); // programs outlive a server that does not end them
}

function signalGroup(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // it has ended
  }
}

function groupMembers(group: number): Promise<number[]> {
  return processesWhere("group", group);
}

/** Processes that a process has started, and that have not ended. */
export function childrenOf(pid: number): Promise<number[]> {
  return processesWhere("parent", pid);
}

/** Where a process's stat has it, behind the command's name: state, parent, group and so on (proc(5)). */
const STAT_FIELDS = { parent: 1, group: 2, userTicks: 11, systemTicks: 12 };
/** Length of a tick: Linux tells programs of a hundred a second, whatever it counts itself. */
const TICK_MS = 10;

async function processesWhere(field: "parent" | "group", value: number): Promise<number[]> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if ((await statOf(Number(name)))[field] === value) pids.push(Number(name));
    } catch {
      // It ended while we looked.
    }
  }
  return pids;
}

/** Processor time that the processes have taken, summed, milliseconds. */
export async function cpuMs(pids: readonly number[]): Promise<number> {
  const stats = await Promise.all(pids.map(statOf));
  return stats.reduce((sum, { userTicks, systemTicks }) => sum + (userTicks + systemTicks) * TICK_MS, 0);
}

async function statOf(pid: number): Promise<Record<keyof typeof STAT_FIELDS, number>> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The command's name stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const { parent, group, userTicks, systemTicks } = STAT_FIELDS;
  return {
    parent: fields[parent],
    group: fields[group],
    userTicks: fields[userTicks],
    systemTicks: fields[systemTicks],
  };
}

/** Peak resident memory of the processes, summed, in bytes. Pages they share count once for each. */
export function peakRssBytes(pids: readonly number[]): Promise<number> {
  return memoryBytes(pids, /^VmHWM:\s+(\d+)/m);
}

/** Resident memory of the processes now, as `peakRssBytes`. */
export function residentBytes(pids: readonly number[]): Promise<number> {
  return memoryBytes(pids, /^VmRSS:\s+(\d+)/m);
}

async function memoryBytes(pids: readonly number[], line: RegExp): Promise<number> {
  const statuses = await Promise.all(pids.map((pid) => Deno.readTextFile(`/proc/${pid}/status`)));
  return statuses.reduce((sum, status) => sum + 1024 * Number(line.exec(status)?.[1] ?? 0), 0);
}

/** Runs a command to its end and returns its standard output; throws with its standard error if it fails. */
export async function run(command: readonly string[], signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const [name, ...args] = command;
  const output = await new Deno.Command(name, { args, stdin: "null", signal }).output();
  signal.throwIfAborted();
  const decoder = new TextDecoder();
  if (!output.success) throw new Error(decoder.decode(output.stderr).trim().slice(-500) || `${name} failed`);
  return decoder.decode(output.stdout);
}

/** A loopback port that was free a moment ago, for servers that cannot choose one themselves. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** `ready` for a server that is told its port. */
export function accepting(port: number, path = "/"): StartOptions["ready"] {
  return async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return `http://127.0.0.1:${port}${path}`;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return null;
      throw error;
    }
  };
}

/** `ready` for a server that says where it listens. */
export function saysWhere(log: string): string | null {
  const origin = /listening on (http:\/\/127\.0\.0\.1:\d+)\s/.exec(log)?.[1];
  return origin === undefined ? null : `${origin}/`;
}
