/** The real npm seaport, in real processes of node that are spoken to. */

import { NodeProcess } from "./node_process.ts";

const PACKAGES = ["seaport@2.0.9", "request@2.88.2"];

/**
 * Seaport takes a port at random, from 10,000 on, and does not look whether it is free. Below those that the system gives
 * out to everybody else on the machine, it is.
 */
const LOW_PORTS = "const { random } = Math; Math.random = () => random() * 0.4;";

/** Starts a process that can require seaport and request. */
export function startNode(script: string, args: readonly string[] = []): Promise<NodeProcess> {
  return NodeProcess.start(script, { packages: PACKAGES, before: LOW_PORTS, args });
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
    return new Seaport(await startNode(DRIVER, ["client", ...args].map((arg) => JSON.stringify(arg))));
  }

  /** Starts a server on a free port. */
  static async serve(...args: readonly unknown[]): Promise<Seaport> {
    const server = new Seaport(await startNode(DRIVER, ["server", ...args].map((arg) => JSON.stringify(arg))));
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
