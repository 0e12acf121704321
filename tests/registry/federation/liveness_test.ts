/** Processes that die, stand still, or are cut off: their services are gone everywhere, and come back with them. */

import { deepEqual, equal } from "node:assert/strict";
import { connect, next, seen, startHub } from "../../support/registry_hub.ts";
import { startWorker } from "../../support/registry_worker.ts";
import { within } from "../../support/within.ts";

const fast = { heartbeatMs: 150, timeoutMs: 600 };

Deno.test("the services of a process that is killed are gone at every watcher of every hub", async () => {
  await using first = await startHub();
  await using second = await startHub({ peers: [first.url!] });
  await using visitor = await connect(second);
  await using worker = startWorker({ connect: [first.url!] });
  await worker.tell("register a");
  await seen(visitor, "web", (services) => services.length === 1);
  const freed = next(visitor, "free", ({ id }) => id === "a");
  worker.kill("SIGKILL");
  equal((await freed).id, "a");
  deepEqual(first.query("web"), []);
});

Deno.test("a process that stands still is taken for gone, and comes back with the same id when it goes on", async () => {
  await using hub = await startHub(fast);
  await using visitor = await connect(hub);
  await using worker = startWorker({ connect: [hub.url!] });
  await worker.tell("register a");
  const [before] = await seen(visitor, "web", (services) => services.length === 1);
  const timedOut = next(hub, "timeout");
  const freed = next(visitor, "free");
  worker.kill("SIGSTOP");
  equal((await timedOut).kind, "client");
  equal((await freed).id, "a");
  worker.kill("SIGCONT");
  const [after] = await seen(visitor, "web", (services) => services.length === 1);
  deepEqual(after, before);
});

Deno.test("a hub that stands still is given up by its clients and its peers, and taken again when it goes on", async () => {
  await using stopped = startWorker({ hub: fast });
  const [, url] = await stopped.said(/^(ws:.*)\n/);
  await using other = await startHub({ ...fast, peers: [url] });
  await stopped.tell("register there");
  await seen(other, "web", ([service]) => service?.id === "there");
  await using client = await connect(url);
  await client.register("web@1.0.0", { id: "moving", port: 1 });
  await stopped.knows("moving", "there");
  const timedOut = next(client, "timeout");
  stopped.kill("SIGSTOP");
  await timedOut;
  await seen(other, "web", (services) => services.length === 1 && services[0].id === "moving");
  stopped.kill("SIGCONT");
  await stopped.knows("moving", "there");
  await seen(other, "web", (services) => services.length === 2);
});

const mayMakeNetworks = Deno.uid() === 0 &&
  (await run("unshare", "-n", "true").catch(() => ({ success: false }))).success;

Deno.test({
  name: "two hubs that are cut apart each go on, and know the same when they meet again",
  ignore: !mayMakeNetworks,
  fn: async () => {
    await using network = await Network.make();
    const { namespaces: [left, right], addresses: [here, there] } = network;
    await using first = startWorker({ namespace: left, hub: { ...fast, hostname: here, port: 7001 } });
    await first.said(/^ws:/);
    const peers = [`${here}:7001`];
    await using second = startWorker({ namespace: right, hub: { ...fast, hostname: there, port: 7002, peers } });
    await second.said(/^ws:/);
    await using far = startWorker({ namespace: right, connect: [`${here}:7001`] });
    await first.tell("register a");
    await second.tell("register b");
    await far.tell("register far");
    for (const worker of [first, second, far]) await worker.knows("a", "b", "far");
    await network.cut();
    await first.knows("a");
    await first.tell("register a2");
    await first.tell("free a");
    await second.tell("register b2");
    await first.knows("a2");
    await second.said(/"b2"/);
    await network.join();
    for (const worker of [first, second, far]) await worker.knows("a2", "b", "b2", "far");
  },
});

/** Two namespaces with a cable between them. */
class Network implements AsyncDisposable {
  readonly #name = `sl${crypto.randomUUID().slice(0, 6)}`;
  readonly addresses = ["10.99.7.1", "10.99.7.2"] as const;

  get namespaces(): readonly [string, string] {
    return [`${this.#name}a`, `${this.#name}b`];
  }

  static async make(): Promise<Network> {
    const network = new Network();
    const [left, right] = network.namespaces;
    for (const name of network.namespaces) await run("ip", "netns", "add", name);
    await run(
      "ip",
      "link",
      "add",
      `${left}0`,
      "netns",
      left,
      "type",
      "veth",
      "peer",
      "name",
      `${right}0`,
      "netns",
      right,
    );
    for (const [i, name] of network.namespaces.entries()) {
      await run("ip", "-n", name, "addr", "add", `${network.addresses[i]}/24`, "dev", `${name}0`);
      await run("ip", "-n", name, "link", "set", "lo", "up");
      await run("ip", "-n", name, "link", "set", `${name}0`, "up");
    }
    return network;
  }

  /** Pulls the cable: what is sent goes to an address that nobody has, and nobody is told. */
  async cut(): Promise<void> {
    const nobody = ["lladdr", "02:00:00:00:00:99", "nud", "permanent"];
    await this.#eachWay((name, other) => ["-n", name, "neigh", "replace", other, "dev", `${name}0`, ...nobody]);
  }

  /** Puts it in again. */
  async join(): Promise<void> {
    await this.#eachWay((name, other) => ["-n", name, "neigh", "del", other, "dev", `${name}0`]);
  }

  async #eachWay(words: (name: string, other: string) => string[]): Promise<void> {
    const [[left, right], [here, there]] = [this.namespaces, this.addresses];
    await run("ip", ...words(left, there));
    await run("ip", ...words(right, here));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.namespaces) await run("ip", "netns", "del", name);
  }
}

async function run(command: string, ...args: string[]): Promise<{ success: boolean }> {
  const output = await within(`${command} ${args.join(" ")}`, new Deno.Command(command, { args }).output());
  if (!output.success) throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(output.stderr)}`);
  return output;
}
