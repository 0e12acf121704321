/** Machines in network namespaces: some on one network, and some behind a router that translates addresses. */

import { type LiveCli, startCli } from "../live_cli.ts";
import { within } from "../within.ts";

/** One machine. */
export interface Machine {
  /** Its network namespace. */
  readonly namespace: string;
  readonly address: string;
  /** Starts our command line on it. */
  cli(...args: string[]): LiveCli;
  /** Runs a command on it to its end. @throws when it fails */
  run(...command: string[]): Promise<Uint8Array<ArrayBuffer>>;
  /** Takes its packets away without a word, as a cable that is pulled. */
  cut(): Promise<void>;
  /** Lets them through again. */
  join(): Promise<void>;
}

/** A network of machines. Disposing it takes the namespaces away. */
export class Machines implements AsyncDisposable {
  readonly #name = `sl${crypto.randomUUID().slice(0, 6)}`;
  readonly #namespaces: string[] = [];
  #count = 0;

  /** Makes one without machines. */
  static async make(): Promise<Machines> {
    const machines = new Machines();
    const net = await machines.#namespace("net");
    await ip("-n", net, "link", "add", "br0", "type", "bridge");
    await ip("-n", net, "link", "set", "br0", "up");
    return machines;
  }

  /** Adds a machine that all others on the network reach. */
  async add(): Promise<Machine> {
    const name = `m${++this.#count}`;
    const namespace = await this.#namespace(name);
    return machineOf(namespace, await this.#plug(namespace, this.#count));
  }

  /** Adds a machine that reaches the others, and that none of them reaches: its router translates its address. */
  async addBehindNat(): Promise<Machine> {
    const count = ++this.#count;
    const router = await this.#namespace(`r${count}`);
    await this.#plug(router, count);
    await run("ip", "netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    const rules = "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; " +
      'add rule ip nat post oifname "eth0" masquerade';
    await run("ip", "netns", "exec", router, "nft", rules);
    const namespace = await this.#namespace(`m${count}`);
    await ip("link", "add", "lan0", "netns", router, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    await up(router, "lan0", "192.168.99.1/24");
    await up(namespace, "eth0", "192.168.99.2/24");
    await ip("-n", namespace, "route", "add", "default", "via", "192.168.99.1");
    return machineOf(namespace, "192.168.99.2");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const namespace of this.#namespaces) await ip("netns", "del", namespace);
  }

  async #namespace(name: string): Promise<string> {
    const namespace = `${this.#name}${name}`;
    await ip("netns", "add", namespace);
    this.#namespaces.push(namespace);
    await ip("-n", namespace, "link", "set", "lo", "up");
    return namespace;
  }

  /** Connects a namespace with the network. @returns its address there */
  async #plug(namespace: string, count: number): Promise<string> {
    const net = this.#namespaces[0];
    const port = `p${count}`;
    await ip("link", "add", port, "netns", net, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    await ip("-n", net, "link", "set", port, "master", "br0", "up");
    const address = `10.99.8.${count}`;
    await up(namespace, "eth0", `${address}/24`);
    return address;
  }
}

function machineOf(namespace: string, address: string): Machine {
  const prefix = ["ip", "netns", "exec", namespace];
  const drop = "add table ip cut; add chain ip cut in { type filter hook input priority 0; policy drop; }; " +
    "add chain ip cut out { type filter hook output priority 0; policy drop; }";
  return {
    namespace,
    address,
    cli: (...args) => startCli(args, { prefix }),
    run: (...command) => run(...prefix, ...command),
    cut: async () => void await run(...prefix, "nft", drop),
    join: async () => void await run(...prefix, "nft", "delete table ip cut"),
  };
}

async function up(namespace: string, device: string, address: string): Promise<void> {
  await ip("-n", namespace, "addr", "add", address, "dev", device);
  await ip("-n", namespace, "link", "set", device, "up");
}

async function ip(...args: string[]): Promise<void> {
  await run("ip", ...args);
}

async function run(...[command, ...args]: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const words = `${command} ${args.join(" ")}`;
  const { success, stdout, stderr } = await within(words, new Deno.Command(command, { args }).output());
  if (!success) throw new Error(`${words}: ${new TextDecoder().decode(stderr)}`);
  return stdout;
}
