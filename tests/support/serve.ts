/** The command line as its users start it: a process of its own, run from the repository's root. */

import { equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { sluiceCommand } from "./sluice.ts";
import { within } from "./within.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A server process. Disposing it sends SIGINT and asserts that it ends with 0. */
export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What it has written to standard error so far. */
  readonly stderr: string;
  /** Waits until its standard error matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends a signal, SIGINT by default, and waits for the end; gives the exit code. */
  stop(signal?: Deno.Signal): Promise<number>;
}

export interface ServeSettings {
  /** Variables besides those of the test. */
  readonly env?: Record<string, string>;
  /** Words in front of the arguments; by default `serve -p 0`. */
  readonly command?: readonly string[];
  /** What is run instead of our command line. */
  readonly program?: string;
  /** A command that starts ours, with its arguments, for another set of rights. */
  readonly prefix?: readonly string[];
}

/** Starts a server and waits until it listens. Fails with its standard error when it ends before. */
export async function serve(args: readonly string[], settings: ServeSettings = {}): Promise<Served> {
  const process = command([...settings.command ?? ["serve", "-p", "0"], ...args], settings, "null").spawn();
  process.stdout.pipeTo(new WritableStream()).catch(() => {/* it wrote to standard output, which no test reads */});
  const stderr = new Transcript(process.stderr);
  let ended = false;
  let stopping = false;
  let stopped = false;
  const code = process.status.then((status) => {
    ended = true;
    return status.signal ? -1 : status.code;
  });
  const end = async (signal: Deno.Signal = "SIGINT") => {
    if (!ended && !stopping) process.kill(signal); // a second signal would hurry it
    stopping = true;
    try {
      return await within(() => `the server ends; it said:\n${stderr.text}`, code);
    } catch (error) {
      process.kill("SIGKILL");
      await code;
      throw error;
    } finally {
      await stderr.ended;
    }
  };
  try {
    const said = (pattern: RegExp) =>
      within(() => `the server says ${pattern}; it said:\n${stderr.text}`, stderr.match(pattern));
    const [, url, port] = await said(/^sluice \w+: listening on ((?:http|ws)s?:\/\/\S+:(\d+))$/m);
    return {
      url,
      port: Number(port),
      pid: process.pid,
      get stderr() {
        return stderr.text;
      },
      said,
      stop: (signal) => {
        stopped = true; // whoever stops it looks at the exit code
        return end(signal);
      },
      [Symbol.asyncDispose]: async () => {
        const code = await end();
        if (!stopped) equal(code, 0, `the server did not end well:\n${stderr.text}`);
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** What a command that ends by itself did. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line to its end. */
export async function runCli(
  args: readonly string[],
  settings: ServeSettings & { stdin?: string } = {},
): Promise<Ended> {
  const process = command(
    [...settings.command ?? [], ...args],
    settings,
    settings.stdin === undefined ? "null" : "piped",
  )
    .spawn();
  if (settings.stdin !== undefined) {
    const writer = process.stdin.getWriter();
    const fed = writer.write(new TextEncoder().encode(settings.stdin)).then(() => writer.close());
    fed.catch(() => {/* it ended without reading to the end */});
  }
  try {
    const { code, stdout, stderr } = await within(`sluice ${args.join(" ")} ends`, process.output());
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    process.kill("SIGKILL");
    throw error;
  }
}

/** The process of a command line, to be spawned. */
export function command(args: readonly string[], settings: ServeSettings, stdin: "null" | "piped"): Deno.Command {
  const words = settings.program ? [settings.program] : sluiceCommand();
  const [first, ...rest] = [...settings.prefix ?? [], ...words, ...args];
  const env = { NO_COLOR: "1", ...settings.env };
  return new Deno.Command(first, { args: rest, cwd: root, env, stdin, stdout: "piped", stderr: "piped" });
}

/** The text of a stream so far, and those who wait for something in it. */
export class Transcript {
  text = "";
  readonly ended: Promise<void>;
  #finished = false;
  readonly #waiting = new Set<() => void>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#collect(stream);
  }

  async match(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.text);
      if (found) return found;
      if (this.#finished) throw new Error(`It ended without saying ${pattern}:\n${this.text}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.text += decoder.decode(chunk, { stream: true });
      this.#wake();
    }
    this.#finished = true;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
