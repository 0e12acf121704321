/** The real npm flatend, in real processes of node that are told what to ask for. */

import { newIdentity } from "../../../src/mesh/identity.ts";
import { type FlatendBridge, type FlatendBridgeOptions, listenFlatend } from "../../../src/mesh/flatend/bridge.ts";
import { NodeProcess } from "../node_process.ts";
import { until } from "../within.ts";

const PACKAGES = ["flatend@0.0.8"];

/** Code of services that give back what they are sent, say what they were told, and do what they should not. */
export const SERVICES = `{
  told: (ctx) => ctx.json(ctx.headers),
  echo: (ctx) => ctx.header("Content-Type", "application/x-echo").pipe(ctx),
  made: (ctx) => ctx.header("Status", "201").header("X-Made", "yes").send("made"),
  wrong: (ctx) => ctx.header("status", "all right").send("wrong"),
  spaced: (ctx) => ctx.header("header key", "header val").send("spaced"),
  fails: () => { throw new Error("This shouldn't happen!"); },
  endless: (ctx) => void ctx.write("begun"),
}`;

/** Starts a process that can require flatend, and says what happens in it. */
export function startNode(script: string, args: readonly string[] = []): Promise<NodeProcess> {
  return NodeProcess.start(script, { packages: PACKAGES, args, env: { DEBUG: "flatend", DEBUG_COLORS: "no" } });
}

/** A bridge on a free port, that offers nothing unless it is told to. */
export function startBridge(options: Partial<FlatendBridgeOptions> = {}): Promise<FlatendBridge> {
  const refuse = () => Promise.reject(new Error("Nothing is offered"));
  return listenFlatend({ port: 0, identity: newIdentity(), offered: () => [], call: refuse, ...options });
}

/** Waits until a service is offered. @returns the key of the node that does */
export async function offering(bridge: FlatendBridge, service: string): Promise<string> {
  await until(`${service} is offered`, () => bridge.providers(service).length > 0);
  return bridge.providers(service)[0].key;
}

/** An answer as npm flatend shows it. */
export interface Pushed {
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly length: number;
}

/** Serves what the test gives it as code, and pushes what it is told line by line. */
const driver = (services: string) => `
const { Node, generateSecretKey } = require("flatend");
const [port, isNamed] = process.argv.slice(2);
const say = (said) => console.log(JSON.stringify(said));
const services = ${services};
async function* bodyOf({ text, length }) {
  if (length === undefined) yield Buffer.from(text);
  else for (let left = length; left > 0; left -= 50000) yield Buffer.alloc(Math.min(left, 50000), "x");
}
const listening = async () => {
  if (!isNamed) return {};
  const server = require("net").createServer().listen(0, "127.0.0.1");
  await require("events").once(server, "listening");
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return { bindAddrs: ["127.0.0.1:" + port], publicAddr: "0.0.0.0:" + port, secretKey: generateSecretKey() };
};
listening().then((more) => Node.start({ addrs: ["127.0.0.1:" + port], services, ...more })).then((node) => {
  say({ ready: true });
  require("readline").createInterface({ input: process.stdin }).on("line", async (line) => {
    const { call, services, headers, body } = JSON.parse(line);
    try {
      const stream = await node.push(services, headers, bodyOf(body));
      let [length, text] = [0, ""];
      for await (const chunk of stream.body) {
        length += chunk.length;
        if (text.length < 10000) text += chunk;
      }
      say({ call, value: { headers: stream.headers, text, length } });
    } catch (error) {
      say({ call, error: error.message });
    }
  });
}, (error) => say({ failed: error.message }));
`;

/** What a process says of a call. */
interface Said {
  readonly ready?: true;
  readonly failed?: string;
  readonly call?: number;
  readonly value?: Pushed;
  readonly error?: string;
}

/** A process with the real npm flatend in it. */
export class Flatend implements AsyncDisposable {
  readonly #node: NodeProcess;
  #calls = 0;

  private constructor(node: NodeProcess) {
    this.#node = node;
  }

  /**
   * Starts a node.
   *
   * @param services code of an object of handlers by name
   * @param isNamed it has a key, and listens, as it says at 0.0.0.0
   */
  static async start(
    bridge: { readonly port: number },
    services = "{}",
    { isNamed = false } = {},
  ): Promise<Flatend> {
    const args = [String(bridge.port), ...isNamed ? ["named"] : []];
    const node = new Flatend(await startNode(driver(services), args));
    const { failed } = await node.#said("that it is ready", ({ ready, failed }) => ready || failed !== undefined);
    if (failed !== undefined) throw new Error(`npm flatend could not start: ${failed}`);
    return node;
  }

  /** What it wrote. */
  get output(): string {
    return this.#node.output;
  }

  /** Asks a service of ours. */
  async push(
    services: readonly string[],
    headers: Record<string, string> = {},
    body: { readonly text: string } | { readonly length: number } = { text: "" },
  ): Promise<Pushed> {
    const call = this.#calls++;
    await this.#node.write(JSON.stringify({ call, services, headers, body }) + "\n");
    const { value, error } = await this.#said(`what ${services} answers`, (said) => said.call === call);
    if (error !== undefined) throw new Error(error);
    return value!;
  }

  /** Waits until it wrote something. */
  async said(text: string): Promise<void> {
    await this.#node.said(text, (output) => output.includes(text) || undefined);
  }

  kill(signal: Deno.Signal): void {
    this.#node.kill(signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#node[Symbol.asyncDispose]();
  }

  async #said(what: string, fits: (said: Said) => boolean): Promise<Said> {
    return await this.#node.said(what, (output) => {
      const lines = output.split("\n").slice(0, -1).filter((line) => line.startsWith("{"));
      return lines.map((line) => JSON.parse(line) as Said).find(fits);
    });
  }
}
