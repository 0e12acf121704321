/**
 * Hundreds of whole nodes in one process: with sessions, probes, relays, discovery and calls, on a network in memory under
 * a clock of its own. A fifth of them can't be dialled, and one in a hundred means no good. The figures are printed.
 */

import { deepEqual, ok } from "node:assert/strict";
import { HostilePeer, HOSTILITIES } from "../../support/mesh/hostile_peer.ts";
import { says, SimulatedMesh, type SimulatedNode } from "../../support/mesh/simulated_mesh.ts";

const NODES = Number(Deno.env.get("MESH_NODES") ?? 300);
const DOORS = 4;
/** Each is offered by two nodes. */
const SERVICES = 40;

/** What calls came to. */
interface Calls {
  readonly all: number;
  readonly right: number;
  readonly wrong: readonly string[];
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** A mesh of many. */
class Town {
  readonly mesh: SimulatedMesh;
  readonly doors: SimulatedNode[] = [];
  /** Who offers each service. */
  readonly providers = new Map<string, Set<SimulatedNode>>();
  readonly hostile: HostilePeer[] = [];
  #count = 0;

  constructor(seed: number) {
    this.mesh = new SimulatedMesh(seed, { grainMs: 20 });
  }

  async grow(): Promise<void> {
    for (let i = 0; i < DOORS; i++) this.doors.push(await this.mesh.start({ join: this.#join() }));
    const starting: Promise<void>[] = [];
    for (let i = 0; i < NODES - DOORS; i++) {
      starting.push(i % 100 === 50 ? this.#addHostile() : this.add());
      if (i % 10 === 9) await this.mesh.clock.pass(100);
    }
    await this.mesh.clock.until(Promise.all(starting));
    await this.mesh.clock.pass(3000);
  }

  /** Adds a node; needs time to pass. */
  add(): Promise<void> {
    const count = this.#count++;
    const service = count < 2 * SERVICES ? `service-${count % SERVICES}` : undefined;
    const services = service ? { [`${service}@1.0.0`]: says(service) } : {};
    const options = { join: this.#join(), isBehindNat: count % 5 === 0, services };
    const made = this.mesh.make(options);
    if (service) this.providers.set(service, new Set([made, ...this.providers.get(service) ?? []]));
    return this.mesh.begin(made, options);
  }

  /** One of the nodes loses its power, but none of the doors. */
  kill(): void {
    const made = this.pick(this.mesh.nodes.slice(DOORS));
    this.mesh.kill(made);
    for (const providers of this.providers.values()) providers.delete(made);
  }

  /** Some nodes call some services that somebody offers; as many at a time as are asked for. */
  async call(count: number, atOnce = 10): Promise<Calls> {
    const { clock } = this.mesh;
    const tookMs: number[] = [];
    const wrong: string[] = [];
    const ask = async () => {
      const [service] = this.pick([...this.providers].filter(([, providers]) => providers.size > 0));
      const caller = this.pick(this.mesh.nodes);
      const sinceMs = clock.nowMs();
      const answer = await caller.node.fetch(`${service}@^1`, new Request("http://service/"))
        .then((response) => response.text(), (error: Error) => `${service}: ${error.message}`);
      if (answer === service) tookMs.push(clock.nowMs() - sinceMs);
      else wrong.push(answer);
    };
    for (let i = 0; i < count; i += atOnce) await clock.until(Promise.all(Array.from({ length: atOnce }, ask)));
    tookMs.sort((a, b) => a - b);
    const at = (part: number) => tookMs[Math.floor(part * (tookMs.length - 1))];
    return { all: count, right: tookMs.length, wrong, medianMs: at(0.5), p99Ms: at(0.99) };
  }

  pick<Thing>(things: readonly Thing[]): Thing {
    return things[Math.floor(this.mesh.clock.random() * things.length)];
  }

  #addHostile(): Promise<void> {
    const host = `10.77.0.${this.hostile.length}`;
    const peer = new HostilePeer(this.mesh, host, HOSTILITIES[this.hostile.length % HOSTILITIES.length]);
    this.hostile.push(peer);
    return peer.join();
  }

  #join(): string[] {
    const addresses = this.doors.map(({ node }) => node.addresses[0]);
    const first = Math.floor(this.mesh.clock.random() * addresses.length);
    return [...addresses.slice(first), ...addresses.slice(0, first)].slice(0, 2);
  }
}

const heapMb = () => Deno.memoryUsage().heapUsed / 1e6;

function print(what: string, { all, right, medianMs, p99Ms }: Calls): void {
  console.log(`  ${what}: ${right} of ${all} calls right, median ${medianMs} ms, p99 ${p99Ms} ms`);
}

Deno.test("hundreds of nodes call each other's services by name, under churn, cut in two, and among hostile ones", async () => {
  const town = new Town(2026);
  const { mesh } = town;
  const [beforeMb, beforeMs] = [heapMb(), performance.now()];
  await town.grow();
  const perNode = (performance.now() - beforeMs) / NODES;
  console.log(
    `  ${NODES} nodes: ${perNode.toFixed(1)} ms and ${((heapMb() - beforeMb) / NODES).toFixed(2)} MB each, ` +
      `${mesh.network.links} links`,
  );
  const calm = await town.call(200);
  print("calm", calm);
  ok(calm.right >= 0.995 * calm.all, calm.wrong.join("\n"));

  let [all, right] = [0, 0];
  const churn: Promise<void>[] = [];
  for (let i = 0; i < 20; i++) {
    town.kill();
    churn.push(town.add());
    const calls = await town.call(10);
    [all, right] = [all + calls.all, right + calls.right];
    await mesh.clock.pass(500);
  }
  await mesh.clock.until(Promise.all(churn));
  console.log(`  churn of 5 % in ten seconds: ${right} of ${all} calls right`);
  ok(right >= 0.98 * all);

  mesh.network.partition(mesh.nodes.filter((_, i) => i % 2 === 1).map(({ host }) => host));
  await mesh.clock.pass(15_000);
  const cut = await town.call(50);
  print("cut in two", cut); // what only the other half offers can't be reached
  mesh.network.heal();
  await mesh.clock.pass(20_000);
  const healed = await town.call(200);
  print("healed", healed);
  ok(healed.right >= 0.995 * healed.all, healed.wrong.join("\n"));
  console.log(`  hostile nodes were asked ${town.hostile.map(({ asked }) => asked).join(", ")} times`);
  ok(town.hostile.some(({ asked }) => asked > 10), "Hostile nodes were asked nothing");
  await mesh.close();
});

Deno.test("fifty nodes with real cryptography do so, too", async () => {
  const mesh = new SimulatedMesh(50, { isSecure: true, grainMs: 5 });
  const door = await mesh.start();
  const join = door.node.addresses;
  const starting: Promise<unknown>[] = [];
  const begin = (options: Parameters<typeof mesh.make>[0]) => starting.push(mesh.begin(mesh.make(options), options!));
  for (let i = 0; i < 50; i++) {
    begin({ join, isBehindNat: i % 5 === 0, services: { [`service-${i % 10}`]: says(`${i % 10}`) } });
    await mesh.clock.pass(20);
  }
  await mesh.clock.until(Promise.all(starting));
  await mesh.clock.pass(3000);
  const answers: string[] = [];
  for (let i = 0; i < 50; i++) answers.push(await mesh.ask(mesh.nodes[i], `service-${(i * 7) % 10}`));
  deepEqual(answers, Array.from({ length: 50 }, (_, i) => `${(i * 7) % 10}`));
  await mesh.close();
});
