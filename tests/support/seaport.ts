/** The real npm seaport, in real processes of node that are spoken to. */

import { join } from "node:path";
import { cacheDirectory } from "../../src/process/cache.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { within } from "./within.ts";

/** What is installed, once for all test files. */
const PACKAGES = ["seaport@2.0.9", "request@2.88.2"];
const INSTALL_MS = 180_000;

const hasNode = await succeeds("node", "--version");

/** A test with real processes of node. */
export function nodeTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: hasNode ? name : `${name} (not tested: there is no node)`, ignore: !hasNode, fn });
}

/** The folder in which node finds the packages. */
export async function nodeModules(): Promise<string> {
  const folder = join(cacheDirectory(), "tests", PACKAGES.join("+"));
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
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error", ...PACKAGES];
  const npm = new Deno.Command("npm", { args, cwd: making, stdout: "null", stderr: "piped" }).output();
  const { success, stderr } = await within(`npm installs ${PACKAGES}`, npm, INSTALL_MS);
  if (!success) throw new Error(`npm could not install ${PACKAGES}: ${new TextDecoder().decode(stderr)}`);
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

/**
 * Seaport takes a port at random, from 10,000 on, and does not look whether it is free. Below those that the system gives
 * out to everybody else on the machine, it is.
 */
const LOW_PORTS = "const { random } = Math; Math.random = () => random() * 0.4;";

/** A process of node that runs a script. */
export class NodeProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #folder: Folder;
  readonly #ended: Promise<unknown>;
  #output = "";
  #waiting: (() => void)[] = [];

  private constructor(process: Deno.ChildProcess, folder: Folder) {
    this.#process = process;
    this.#folder = folder;
    this.#ended = Promise.all([this.#read(process.stdout), this.#read(process.stderr), process.status]);
  }

  /** Starts one. */
  static async start(script: string, args: readonly string[] = []): Promise<NodeProcess> {
    const modules = await nodeModules();
    const folder = await makeFolder({ "script.js": script, "low_ports.js": LOW_PORTS });
    const process = new Deno.Command("node", {
      args: ["--no-deprecation", "--require", folder.file("low_ports.js"), folder.file("script.js"), ...args],
      env: { NODE_PATH: modules },
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
    const writer = this.#process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
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
    await this.#process.stdin.close().catch(() => {}); // nobody reads it any more
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

/** A service as npm seaport shows it. */
export type SeaportService = Record<string, unknown> & {
  readonly id: string;
  readonly role: string;
  readonly version?: string;
  readonly host: string;
  readonly port: number;
};

/** What the process says: an event of seaport, or the value of a call. */
interface Said {
  readonly event?: string;
  readonly call?: number;
  readonly value?: unknown;
}

/** Makes a client or a server of seaport, does what it is told line by line, and tells what happens. */
const DRIVER = `
const seaport = require("seaport");
const [kind, ...args] = process.argv.slice(2).map((text) => JSON.parse(text));
const ports = kind === "server" ? seaport.createServer(...args) : seaport.connect(...args);
const say = (said) => console.log(JSON.stringify(said));
for (const event of ["register", "free", "connect", "disconnect", "synced", "listening"]) {
  ports.on(event, (value) => say({ event, value: event === "register" || event === "free" ? value : undefined }));
}
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { call, method, args } = JSON.parse(line);
  const answer = (value) => say({ call, value });
  if (method === "get") ports.get(...args, answer);
  else if (method === "address") answer(ports.address().port);
  else answer(ports[method](...args));
});
`;

/** A process with the real npm seaport in it. */
export class Seaport implements AsyncDisposable {
  readonly #node: NodeProcess;
  #calls = 0;
  /** How much of what it said was looked at for events. */
  #seen = 0;

  private constructor(node: NodeProcess) {
    this.#node = node;
  }

  /** Connects a client: `seaport.connect(...args)`. */
  static async connect(...args: readonly unknown[]): Promise<Seaport> {
    return new Seaport(await NodeProcess.start(DRIVER, ["client", ...args].map((arg) => JSON.stringify(arg))));
  }

  /** Starts a server on a free port. */
  static async serve(...args: readonly unknown[]): Promise<Seaport> {
    const server = new Seaport(await NodeProcess.start(DRIVER, ["server", ...args].map((arg) => JSON.stringify(arg))));
    await server.call("listen", 0, "127.0.0.1");
    await server.event("listening");
    return server;
  }

  /** Calls a method. */
  async call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    const call = this.#calls++;
    await this.#node.write(JSON.stringify({ call, method, args }) + "\n");
    const find = () => this.#all().find((said) => said.call === call);
    return (await this.#node.said(`what ${method} gives`, find)).value as T;
  }

  register(...args: readonly unknown[]): Promise<number> {
    return this.call("register", ...args);
  }

  query(...args: readonly unknown[]): Promise<SeaportService[]> {
    return this.call("query", ...args);
  }

  get(role: string): Promise<SeaportService[]> {
    return this.call("get", role);
  }

  /** The next event of a kind that fits; those before it are passed over. */
  async event(name: string, fits: (service: SeaportService) => boolean = () => true): Promise<SeaportService> {
    const { value } = await this.#node.said(`the event ${name}`, () => {
      const all = this.#all();
      for (let i = this.#seen; i < all.length; i++) {
        if (all[i].event !== name || !fits(all[i].value as SeaportService)) continue;
        this.#seen = i + 1;
        return all[i];
      }
    });
    return value as SeaportService;
  }

  /** Waits until a query gives what is wanted. */
  async seen(role: string, fits: (services: readonly SeaportService[]) => boolean): Promise<SeaportService[]> {
    for (;;) {
      const before = this.#events();
      const found = await this.query(role);
      if (fits(found)) return found;
      const what = `something new, for ${role} is ${JSON.stringify(found)}`;
      await this.#node.said(what, () => this.#events() > before || undefined);
    }
  }

  kill(signal: Deno.Signal): void {
    this.#node.kill(signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#node[Symbol.asyncDispose]();
  }

  #events(): number {
    return this.#all().filter(({ event }) => event !== undefined).length;
  }

  #all(): Said[] {
    const lines = this.#node.output.split("\n").slice(0, -1);
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }
}
