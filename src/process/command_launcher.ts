/**
 * Launcher over `Deno.Command`: for systems and permissions where the C library can't be called. It needs only
 * `--allow-run`. A group of its own is had from setsid(1) where that exists; resource usage is not known.
 */

import { fromReadableStream, type Sink } from "../bytes/source.ts";
import { type Exit, ProgramError } from "../errors.ts";
import type { Child, Launcher, LaunchSpec } from "./launcher.ts";
import { checkStartable } from "./startable.ts";

/** Starts processes by `Deno.Command`. */
export class CommandLauncher implements Launcher {
  readonly name = "Deno.Command";
  readonly #setsid: string | undefined;

  /** @param setsid path of setsid(1), which replaces itself by the program in a session of its own */
  constructor(setsid?: string) {
    this.#setsid = setsid;
  }

  launch(spec: LaunchSpec): Promise<Child> {
    const argv = this.#setsid === undefined ? spec.argv : [this.#setsid, ...spec.argv];
    try {
      checkStartable(spec.argv[0]);
      const process = new Deno.Command(argv[0], {
        args: argv.slice(1),
        env: { ...spec.env, ...spec.variables },
        clearEnv: true,
        cwd: spec.cwd,
        stdin: spec.stdin === "null" ? "null" : "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      return Promise.resolve(new CommandChild(process, spec, this.#setsid !== undefined));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return Promise.reject(new ProgramError("start", `Cannot start ${spec.argv[0]}: ${why}`, { cause: error }));
    }
  }
}

class CommandChild implements Child {
  readonly pid: number;
  readonly stdin: Sink | undefined;
  readonly stdout;
  readonly exit: Promise<Exit>;
  readonly #process: Deno.ChildProcess;
  readonly #leadsGroup: boolean;
  readonly #stderr: Promise<void>;
  readonly #stopStderr = new AbortController();
  #ended = false;

  constructor(process: Deno.ChildProcess, spec: LaunchSpec, leadsGroup: boolean) {
    this.#process = process;
    this.#leadsGroup = leadsGroup;
    this.pid = process.pid;
    this.stdout = fromReadableStream(process.stdout);
    this.exit = process.status.then((status) => {
      this.#ended = true;
      return { code: status.signal === null ? status.code : null, signal: status.signal };
    });
    this.#stderr = process.stderr
      .pipeTo(new WritableStream({ write: spec.onStderr }), { signal: this.#stopStderr.signal })
      .catch(() => {/* given up by close, or broken: what had come was passed on */});
    if (spec.stdin !== "null") {
      const sink = sinkOf(process.stdin);
      if (spec.stdin instanceof Uint8Array) sink.write(spec.stdin).then(() => sink.close());
      this.stdin = sink;
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    if (this.#leadsGroup) killGroup(this.pid, name);
    else if (!this.#ended) killQuietly(() => this.#process.kill(name));
  }

  async close(): Promise<undefined> {
    await this.exit;
    this.stdin?.abort();
    this.stdout.cancel();
    if (this.#leadsGroup) killGroup(this.pid, "SIGKILL");
    await this.drainStderr();
  }

  async drainStderr(): Promise<void> {
    // A grandchild may hold standard error open: what is written by now is taken, no more.
    const grace = setTimeout(() => this.#stopStderr.abort(), STDERR_GRACE_MS);
    await this.#stderr;
    clearTimeout(grace);
  }
}

const STDERR_GRACE_MS = 50;

function sinkOf(stream: WritableStream<Uint8Array>): Sink {
  const writer = stream.getWriter();
  let gone = false;
  writer.closed.catch(() => gone = true);
  return {
    write: (chunk) => gone ? Promise.resolve(false) : writer.write(chunk).then(() => true, () => false),
    close: () => {
      writer.close().catch(() => {/* the program did not read to the end, which is its right */});
    },
    abort: () => {
      gone = true;
      writer.abort().catch(() => {/* it had closed already */});
    },
  };
}

function killGroup(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  killQuietly(() => Deno.kill(-pid, name));
}

/** A process that has ended can't be signalled, and need not be. */
function killQuietly(kill: () => void): void {
  try {
    kill();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
  }
}
