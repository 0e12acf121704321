/** One job of a registry's client, in a process of its own: what it says, line by line, and its end. */

import type { RegistryRival } from "./rivals/registries.ts";

const STOP_MS_MAX = 3000;
/** Longer than any job takes to say the next thing. */
const SAY_MS_MAX = 60_000;

/** What clients do: see `rivals/registry_jobs.mjs`. */
export type JobName = "register" | "watch" | "probe" | "sync" | "query";

/** The job. It ends when it is disposed. */
export class Job implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #signal: AbortSignal;
  readonly #name: string;

  constructor(rival: RegistryRival, url: string, job: readonly [JobName, ...(string | number)[]], signal: AbortSignal) {
    const [command, ...args] = [...rival.client, job[0], url, ...job.slice(1).map(String), ...rival.clientEnd];
    this.#child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
    this.#lines = linesOf(this.#child.stdout);
    this.#signal = signal;
    this.#name = `${rival.name}'s client, ${job.join(" ")}`;
  }

  /** The next thing that it says. */
  async said<T>(): Promise<T> {
    this.#signal.throwIfAborted();
    const late = setTimeout(() => this.kill(), SAY_MS_MAX);
    const kill = () => this.kill();
    this.#signal.addEventListener("abort", kill);
    try {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`${this.#name} has ended before it had done its work`);
      return JSON.parse(value);
    } finally {
      clearTimeout(late);
      this.#signal.removeEventListener("abort", kill);
    }
  }

  /** Ends it as a power cut would. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close().catch(() => {}); // it may have ended
    const late = setTimeout(() => this.kill(), STOP_MS_MAX);
    await this.#lines.return?.();
    await this.#child.status;
    clearTimeout(late);
  }
}

/** Text, line by line. */
export async function* linesOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
