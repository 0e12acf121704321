/**
 * Directories in virtual time: thousands of them, of which some come and go, are cut apart, or lie. All is made of one seed,
 * which is printed; MESH_SEED sets another one.
 */

import { equal, ok } from "node:assert/strict";
import { DirectoryNetwork, type DirectoryNode } from "../../support/mesh/directory_network.ts";
import { plugSybils, turnHostile } from "../../support/mesh/hostile_node.ts";
import { MINUTE } from "./made.ts";

const seed = Number(Deno.env.get("MESH_SEED") ?? 1);
const HOUR = 60 * MINUTE;

/** Services by their names, and who offers them. */
type Offered = Map<string, DirectoryNode[]>;

class Simulation extends DirectoryNetwork {
  /** How many nodes it took to come to what was looked for, by what that was. */
  readonly hops: Record<string, number[]> = {};

  constructor() {
    super(seed, 10);
    this.onEvent = (event) => event.type === "lookup" && (this.hops[event.kind] ??= []).push(event.hops);
  }

  /** Some nodes offer services, each several. */
  async offer(services: number, providers: number, among: readonly DirectoryNode[] = this.nodes): Promise<Offered> {
    const offered: Offered = new Map();
    const told: Promise<number>[] = [];
    for (let i = 0; i < services; i++) {
      const name = `service-${offered.size}-${Math.floor(1e9 * this.random())}`;
      const some = Array.from({ length: providers }, () => this.pick(among));
      offered.set(name, some);
      for (const { directory, reach } of some) told.push(directory.announce(name, "1.0.0", reach));
    }
    await this.clock.until(Promise.all(told));
    return offered;
  }

  /** Looks for services from anywhere. @returns how many lookups found nobody who is there */
  async look(count: number, offered: Offered, among: readonly DirectoryNode[] = this.nodes): Promise<number> {
    let wrong = 0;
    const names = [...offered.keys()];
    await this.clock.until(Promise.all(Array.from({ length: count }, async () => {
      const [name, from] = [this.pick(names), this.pick(among)];
      const found = await from.directory.findProviders(name);
      const live = offered.get(name)!.filter(({ isAlive }) => isAlive);
      const isRight = live.length === 0 ||
        live.some(({ contact }) => found.some(({ reach }) => reach.id === contact.id));
      if (!isRight && from.isAlive) wrong++;
    })));
    return wrong;
  }

  /** Nodes come and go for a while, so many of a hundred an hour, and services are looked for. @returns wrong lookups */
  async churn(percent: number, ms: number, lookups: number, offered: Offered): Promise<number> {
    const steps = 60;
    const perStep = Math.round(this.nodes.length * percent / 100 * ms / HOUR / steps);
    let wrong = 0;
    for (let step = 0; step < steps; step++) {
      for (let i = 0; i < perStep; i++) {
        this.kill(this.pick(this.nodes));
        void this.add().directory.join([this.pick(this.nodes).contact, this.pick(this.nodes).contact]);
      }
      await this.clock.pass(ms / steps / 2);
      wrong += await this.look(lookups / steps, offered);
      await this.clock.pass(ms / steps / 2);
    }
    return wrong;
  }

  /** Median and 99th percentile. */
  spread(kind: string): { readonly median: number; readonly p99: number } {
    const sorted = this.hops[kind].toSorted((a, b) => a - b);
    return { median: sorted[sorted.length >> 1], p99: sorted[Math.floor(0.99 * sorted.length)] };
  }
}

function tell(what: string, numbers: Record<string, unknown>): void {
  console.log(
    `${what}: seed ${seed}, ${Object.entries(numbers).map(([name, value]) => `${name} ${value}`).join(", ")}`,
  );
}

Deno.test("among ten thousand nodes all is found in a few hops, also while a fifth of them changes every hour", async () => {
  using net = new Simulation();
  await net.grow(10_000, 30);
  const offered = await net.offer(250, 2);
  equal(await net.look(2000, offered), 0);
  const { median, p99 } = net.spread("providers");
  const ids = Array.from({ length: 1000 }, () => [net.pick(net.nodes), net.pick(net.nodes)]);
  const found = await net.clock.until(Promise.all(ids.map(([from, to]) => from.directory.findNode(to.contact.id))));
  const nodes = net.spread("node");
  tell("10,000 nodes", {
    "hops to providers": `${median} (p99 ${p99})`,
    "to nodes": `${nodes.median} (p99 ${nodes.p99})`,
  });
  ok(found.every((contact, i) => contact?.id === ids[i][1].contact.id || ids[i][0] === ids[i][1]));
  // Each hop is to know several bits more of the place: of 13.3 in all, no more than half that many hops.
  const bound = Math.ceil(Math.log2(10_000) / 2);
  ok(Math.max(p99, nodes.p99) <= bound, `99 of 100 lookups take ${p99} and ${nodes.p99} hops, ${bound} are the most`);

  const wrong = await net.churn(20, 20 * MINUTE, 3000, offered);
  tell("20 minutes of 20 % churn an hour", { lookups: 3000, wrong });
  ok(wrong <= 3, `${wrong} of 3000 lookups were wrong`);
});

Deno.test("hops grow with the logarithm of the number of nodes", async () => {
  const medians: number[] = [];
  for (const size of [125, 500, 2000]) {
    using net = new Simulation();
    await net.grow(size, 30);
    const ids = Array.from({ length: 1000 }, () => [net.pick(net.nodes), net.pick(net.nodes)]);
    await net.clock.until(Promise.all(ids.map(([from, to]) => from.directory.findNode(to.contact.id))));
    const all = net.hops.node;
    medians.push(all.reduce((sum, hops) => sum + hops, 0) / all.length);
  }
  tell("mean hops among 125, 500 and 2,000 nodes", { hops: medians.map((hops) => hops.toFixed(2)).join(" ") });
  // Four times the nodes are two more bits, for which one more hop is enough.
  ok(medians[1] - medians[0] < 1 && medians[2] - medians[1] < 1);
});

Deno.test("five hours of coming and going leave a network in which all is found", async () => {
  using net = new Simulation();
  await net.grow(300);
  const providers = net.nodes.slice(0, 20);
  const wrong = await net.churn(20, 5 * HOUR, 1200, new Map([["nobody", []]]));
  equal(wrong, 0);
  const live = providers.filter(({ isAlive }) => isAlive);
  const offered = await net.offer(50, 2, live.length > 0 ? live : net.nodes);
  equal(await net.look(1000, offered), 0);
});

Deno.test("a network that is cut in two works on in both halves, and is one again soon after it is mended", async () => {
  using net = new Simulation();
  await net.grow(400);
  const halves = [net.nodes.filter((_, i) => i % 2 === 0), net.nodes.filter((_, i) => i % 2 === 1)];
  const before = await net.offer(30, 2);
  for (const node of halves[1]) node.side = 1;
  await net.clock.pass(45 * MINUTE); // longer than any record holds
  const apart: Offered[] = [];
  for (const half of halves) {
    const offered = await net.offer(30, 1, half);
    apart.push(offered);
    equal(await net.look(300, offered, half), 0);
  }
  for (const node of halves[1]) node.side = 0;
  await net.clock.pass(15 * MINUTE);
  equal(await net.look(300, before), 0);
  equal(await net.look(300, apart[0], halves[1]), 0);
  equal(await net.look(300, apart[1], halves[0]), 0);
});

Deno.test("nodes that lie, one of a hundred or one of ten, make no lookup wrong, and nobody believes their time", async () => {
  for (const every of [100, 10]) {
    using net = new Simulation();
    await net.grow(600, 50);
    const hostile = net.nodes.filter((_, i) => i % every === 0);
    const honest = net.nodes.filter((node) => !hostile.includes(node));
    for (const node of hostile) turnHostile(node, net);
    await net.clock.pass(15 * MINUTE);
    const offered = await net.offer(60, 1, honest);
    const wrong = await net.look(600, offered, honest);
    await net.clock.pass(15 * MINUTE);
    const later = await net.look(600, offered, honest);
    tell(`one of ${every} hostile, of 600`, { lookups: 1200, wrong: wrong + later });
    ok(wrong + later <= 1);
  }
});

Deno.test("whoever makes up ids around a service's place, on one machine or two, hides it from nobody", async () => {
  for (const networks of [1, 2]) {
    using net = new Simulation();
    await net.grow(500, 50);
    const sybils = plugSybils(net, "resize", 64, networks);
    for (const { directory } of net.nodes) for (const sybil of sybils) directory.saw(sybil);
    const provider = net.pick(net.nodes);
    const keepers = await net.clock.until(provider.directory.announce("resize", "1.0.0", provider.reach));
    const wrong = await net.look(300, new Map([["resize", [provider]]]));
    tell(`64 ids around one place, of ${networks} networks`, { keepers, wrong });
    equal(wrong, 0);
    await net.clock.pass(25 * MINUTE);
    equal(await net.look(300, new Map([["resize", [provider]]])), 0);
  }
});
