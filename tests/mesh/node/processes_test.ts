/** Providers in processes of their own that are killed, stand still, are slow, leave, or are cut off. */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { MeshNode } from "../../../src/mesh/node/mesh_node.ts";
import { startNode } from "../../../src/mesh/start_node.ts";
import { CallLoad } from "../../support/mesh/call_load.ts";
import { Machines } from "../../support/mesh/machines.ts";
import { NodeProcess } from "../../support/mesh/node_process.ts";
import { until, within } from "../../support/within.ts";

const listen = "127.0.0.1:0";
const names = ["one", "two", "three"];

/** Three providers, a join point, and a caller that knows all. */
class Fleet implements AsyncDisposable {
  readonly caller: MeshNode;
  readonly providers: readonly NodeProcess[];
  readonly #door: MeshNode;

  private constructor(door: MeshNode, caller: MeshNode, providers: readonly NodeProcess[]) {
    [this.#door, this.caller, this.providers] = [door, caller, providers];
  }

  static async start(delaysMs: readonly number[]): Promise<Fleet> {
    const door = await startNode({ listen });
    const join = door.addresses;
    const providers = await Promise.all(
      delaysMs.map((delayMs, i) => NodeProcess.start({ listen, join, delayMs, services: ["job"], name: names[i] })),
    );
    const caller = await startNode({ join });
    await until("all are known", async () => (await caller.providersFor("job")).length === delaysMs.length);
    return new Fleet(door, caller, providers);
  }

  /** Calls, and waits until all have answered. */
  async load(parallel: number, init?: RequestInit): Promise<CallLoad> {
    const load = new CallLoad(this.caller, "job", { parallel, init });
    await until("calls go to all", () => names.slice(0, this.providers.length).every((name) => load.answers[name] > 0));
    return load;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.caller.close(0);
    for (const provider of this.providers) await provider[Symbol.asyncDispose]();
    await this.#door.close(0);
  }
}

/** Waits until some more calls have ended. */
async function more(load: CallLoad, calls = 300): Promise<void> {
  const enough = load.count + calls;
  await until(`${calls} more calls end`, () => load.count >= enough);
}

Deno.test("when one of three providers is killed, every request that may be sent twice is answered", async () => {
  await using fleet = await Fleet.start([20, 20, 20]);
  await using load = await fleet.load(32);
  fleet.providers[0].kill("SIGKILL");
  await more(load);
  const { answers } = await load.stop();
  deepEqual(Object.keys(answers).sort(), [...names].sort());
});

Deno.test("of those that may not, the ones it was at fail with 502, and no others", async () => {
  await using fleet = await Fleet.start([50, 50, 50]);
  await using load = await fleet.load(24, { method: "POST", body: "x" });
  fleet.providers[0].kill("SIGKILL");
  await more(load);
  const { answers: { 502: failed = 0, ...others } } = await load.stop();
  deepEqual(Object.keys(others).sort(), [...names].sort());
  ok(failed > 0 && failed <= 24, String(failed));
});

Deno.test("a provider that leaves while it is called loses no call, be it one that may not be sent twice", async () => {
  await using fleet = await Fleet.start([50, 50]);
  await using load = await fleet.load(24, { method: "POST", body: "x" });
  await Promise.all([fleet.providers[0].leave(), more(load)]);
  const { answers } = await load.stop();
  deepEqual(Object.keys(answers).sort(), ["one", "two"]);
});

Deno.test("a provider that is slow gets few calls, and one that stands still is noticed", async () => {
  await using fleet = await Fleet.start([1, 1, 200]);
  await using load = await fleet.load(4);
  await more(load, 500);
  ok(load.answers.three < load.count / 10, JSON.stringify(load.answers));
  fleet.providers[0].kill("SIGSTOP");
  const { count } = load;
  await more(load, 50);
  fleet.providers[0].kill("SIGCONT");
  const { answers } = await load.stop();
  deepEqual(Object.keys(answers).sort(), [...names].sort());
  const slowMs = load.tookMs.slice(count).filter((ms) => ms > 1000);
  ok(slowMs.length <= 8, `${slowMs.length} calls waited`);
});

const mayMakeNetworks = await Machines.make().then(async (machines) => {
  await machines[Symbol.asyncDispose]();
  return true;
}, () => false);

Deno.test({
  name: "a machine that is cut off without a word is noticed within about ten seconds, and calls go elsewhere",
  ignore: !mayMakeNetworks,
  fn: async () => {
    await using machines = await Machines.make();
    const [door, first, second, laptop] = [
      await machines.add(),
      await machines.add(),
      await machines.add(),
      await machines.addBehindNat(),
    ];
    const start = ({ namespace, address }: typeof door, options: Parameters<typeof NodeProcess.start>[0]) =>
      NodeProcess.start({ listen: `${address}:9000`, ...options }, ["ip", "netns", "exec", namespace]);
    await using joinPoint = await start(door, {});
    const join = joinPoint.addresses;
    await using _one = await start(first, { join, services: ["job"], name: "one" });
    await using _two = await start(second, { join, services: ["job"], name: "two" });
    await using caller = await start(laptop, { listen: undefined, join });
    await caller.load("job", 4);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await first.cut();
    await new Promise((resolve) => setTimeout(resolve, 13_000));
    const { answers, slowestMs, slow } = await within("its calls end", caller.stopLoad());
    deepEqual(Object.keys(answers).sort(), ["one", "two"]);
    ok(slowestMs < 11_500, `${slowestMs} ms`);
    ok(slow <= 8, `${slow} calls waited`);
  },
});

Deno.test("processes that join by one that is not there yet find each other once it is", async () => {
  const door = await startNode({ listen });
  const [address] = door.addresses;
  await door.close();
  await using provider = await startNode({ join: address, services: { job: () => new Response("done") } });
  await using caller = await startNode({ join: address });
  await using _door = await startNode({ listen: address.slice("tcp://".length) });
  await until("the service answers", async () => {
    const response = await caller.fetch("job", new Request("http://job/")).catch(() => undefined);
    return await response?.text() === "done";
  });
  equal(provider.sessions > 0, true);
});
