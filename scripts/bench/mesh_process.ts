/** A process of the mesh's benchmark, which does what it is told: `rivals/mesh_orders.mjs` is its other side. */

import { cpuMs } from "./processes.ts";
import { linesOf } from "./registry_job.ts";

const STOP_MS_MAX = 3000;
/** Longer than any order takes. */
const ORDER_MS_MAX = 60_000;

/** The process. It ends when it is disposed. */
export class MeshProcess<T = unknown> implements AsyncDisposable {
  /** What is to be known of it. */
  readonly started: T;
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #signal: AbortSignal;

  private constructor(child: Deno.ChildProcess, lines: AsyncIterator<string>, started: T, signal: AbortSignal) {
    this.#child = child;
    this.#lines = lines;
    this.#signal = signal;
    this.started = started;
  }

  /** Starts one, and waits until it is ready. */
  static async start<T>(command: readonly string[], signal: AbortSignal): Promise<MeshProcess<T>> {
    const [name, ...args] = command;
    const child = new Deno.Command(name, { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
    const lines = linesOf(child.stdout);
    try {
      return new MeshProcess(child, lines, await said<T>(child, lines, signal), signal);
    } catch (error) {
      await end(child, lines);
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Tells it to do something. @returns what came of it */
  async order<R>(name: string, ...args: readonly unknown[]): Promise<R> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify([name, ...args]) + "\n"));
    writer.releaseLock();
    return await said(this.#child, this.#lines, this.#signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return end(this.#child, this.#lines);
  }
}

/** Does some work. @returns what came of it, and the processor time that each side took meanwhile, milliseconds */
export async function withCpu<R>(
  sides: readonly (readonly number[])[],
  work: () => Promise<R>,
): Promise<{ readonly result: R; readonly cpu: readonly number[] }> {
  const before = await Promise.all(sides.map(cpuMs));
  const result = await work();
  const after = await Promise.all(sides.map(cpuMs));
  return { result, cpu: after.map((ms, i) => ms - before[i]) };
}

async function said<R>(child: Deno.ChildProcess, lines: AsyncIterator<string>, signal: AbortSignal): Promise<R> {
  signal.throwIfAborted();
  const stop = () => kill(child);
  const late = setTimeout(stop, ORDER_MS_MAX);
  signal.addEventListener("abort", stop);
  try {
    const { value, done } = await lines.next();
    if (done) throw new Error("A process has ended before it had done its work");
    const { done: result, error } = JSON.parse(value);
    if (error !== undefined) throw new Error(error);
    return result;
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", stop);
  }
}

async function end(child: Deno.ChildProcess, lines: AsyncIterator<string>): Promise<void> {
  await child.stdin.close().catch(() => {}); // it may have ended
  const late = setTimeout(() => kill(child), STOP_MS_MAX);
  await lines.return?.();
  await child.status;
  clearTimeout(late);
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended
  }
}
