/** npm packages in real processes of node that are spoken to. */

import { join } from "node:path";
import { cacheDirectory } from "../../src/process/cache.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { within } from "./within.ts";

const INSTALL_MS = 180_000;

const hasNode = await succeeds("node", "--version");

/** A test with real processes of node. */
export function nodeTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: hasNode ? name : `${name} (not tested: there is no node)`, ignore: !hasNode, fn });
}

/** The folder in which node finds packages; they are installed once for all test files. */
export async function nodeModules(packages: readonly string[]): Promise<string> {
  const folder = join(cacheDirectory(), "tests", packages.join("+"));
  const modules = join(folder, "node_modules");
  try {
    await Deno.stat(modules);
    return modules;
  } catch {
    // It has to be installed.
  }
  await Deno.mkdir(join(folder, ".."), { recursive: true });
  const making = await Deno.makeTempDir({ dir: join(folder, "..") });
  await Deno.writeTextFile(join(making, "package.json"), `{"private":true}`);
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages];
  const npm = new Deno.Command("npm", { args, cwd: making, stdout: "null", stderr: "piped" }).output();
  const { success, stderr } = await within(`npm installs ${packages}`, npm, INSTALL_MS);
  if (!success) throw new Error(`npm could not install ${packages}: ${new TextDecoder().decode(stderr)}`);
  try {
    await Deno.rename(making, folder);
  } catch {
    await Deno.remove(making, { recursive: true }); // another process was quicker
  }
  return modules;
}

async function succeeds(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** What a process is started with. */
export interface NodeProcessOptions {
  /** What it can require, with versions. */
  readonly packages: readonly string[];
  /** Code that runs before the script. */
  readonly before?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A process of node that runs a script. */
export class NodeProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #folder: Folder;
  readonly #ended: Promise<unknown>;
  #output = "";
  #waiting: (() => void)[] = [];

  private constructor(process: Deno.ChildProcess, folder: Folder) {
    this.#process = process;
    this.#input = process.stdin.getWriter();
    this.#folder = folder;
    this.#ended = Promise.all([this.#read(process.stdout), this.#read(process.stderr), process.status]);
  }

  /** Starts one. */
  static async start(script: string, options: NodeProcessOptions): Promise<NodeProcess> {
    const { packages, before = "", args = [], env = {} } = options;
    const modules = await nodeModules(packages);
    const folder = await makeFolder({ "script.js": script, "before.js": before });
    const process = new Deno.Command("node", {
      args: ["--no-deprecation", "--require", folder.file("before.js"), folder.file("script.js"), ...args],
      env: { ...env, NODE_PATH: modules },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new NodeProcess(process, folder);
  }

  /** What it wrote. */
  get output(): string {
    return this.#output;
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Writes to its standard input. */
  async write(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** Waits until what it wrote is as it should be. */
  async said<T>(what: string, find: (output: string) => T | undefined): Promise<T> {
    const looking = async () => {
      for (;;) {
        const found = find(this.#output);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
    };
    return await within(() => `node says ${what}; it said:\n${this.#output}`, looking());
  }

  /** Waits until it has ended. */
  async ended(): Promise<void> {
    await within(() => `node ends; it said:\n${this.#output}`, this.#ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#input.close().catch(() => {}); // nobody reads it any more
    await this.#ended;
    await this.#folder[Symbol.asyncDispose]();
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      this.#output += decoder.decode(bytes, { stream: true });
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }
}
