/**
 * A registry of five hubs in virtual time, with clients that come and go, and all that happens to machines and cables. A
 * schedule is made of one number, so that what fails once fails again.
 */

import { deepEqual, equal, ok } from "node:assert/strict";
// @ts-types="@types/semver"
import { satisfies } from "semver";
import type { Service } from "../../src/registry/service.ts";
import type { Catalog } from "../../src/registry/table/catalog.ts";
import { type Random, randomFrom } from "./random.ts";
import { SimulatedClient } from "./registry/simulated_client.ts";
import { everyMs, SimulatedHub, timeoutMs } from "./registry/simulated_hub.ts";
import { SimulatedLink } from "./registry/simulated_link.ts";
import { VirtualTime } from "./virtual_time.ts";

/** How long things happen, and how long it takes until all is well again, milliseconds. */
const troubleMs = 25 * timeoutMs;
export const settleMs = 3 * timeoutMs;

const VERSIONS = [undefined, "1.0.0", "1.2.3", "1.2.3+b1", "2.0.0-rc.1", "2.0.0"];
const RANGES = ["*", "1.x", "^1.1.0 || >=2.0.0-rc.0", "<1"];

/** All of it. */
export class RegistrySimulation {
  readonly #random: Random;
  readonly #time = new VirtualTime();
  readonly #hubs: readonly SimulatedHub[];
  readonly #clients: readonly SimulatedClient[];
  readonly #links: SimulatedLink[];
  #deadForGood = new Set<SimulatedHub>();
  #isOver = false;
  #marks = 0;

  constructor(seed: number) {
    const random = this.#random = randomFrom(2 * seed);
    for (let i = 0; i < 10; i++) random(2); // seeds that are near each other begin alike
    const time = this.#time;
    this.#hubs = Array.from({ length: 5 }, (_, i) => new SimulatedHub(`hub-${i}`, time, random));
    this.#clients = Array.from({ length: 20 }, (_, i) => new SimulatedClient(`c${i}`, time, random));
    this.#links = topology(random).map(([a, b]) => new SimulatedLink([this.#hubs[a], this.#hubs[b]], time, random));
  }

  /** Lets everything happen, ends the trouble, and checks what came of it. */
  run(): void {
    for (const hub of this.#hubs) hub.begin();
    this.#again(everyMs, () => this.#links.forEach((link) => link.connect()));
    for (const client of this.#clients) this.#again(everyMs, () => client.connect(this.#hubs));
    const troubles = this.#random(4);
    this.#again(40, () => !this.#isOver && this.#act(this.#pick(this.#clients)));
    if (troubles > 0) this.#again(600 / troubles, () => !this.#isOver && this.#hurt());
    this.#time.pass(troubleMs);
    this.#heal();
    this.#time.pass(settleMs);
    this.#check();
  }

  #pick<T>(things: readonly T[]): T {
    return things[this.#random(things.length)];
  }

  /** Does something now and then, for ever. */
  #again(ms: number, action: () => void): void {
    this.#time.after(1 + this.#random(Math.ceil(2 * ms) - 1), () => {
      action();
      this.#again(ms, action);
    });
  }

  /** A client does something. */
  #act(client: SimulatedClient): void {
    if (!client.isLive) {
      if (this.#random(3) === 0) client.isLive = true;
      return;
    }
    const held = [...client.services.keys()];
    const id = this.#random(3) === 0 ? `shared-${this.#random(4)}` : `${client.name}-${this.#random(3)}`;
    const what = this.#random(20);
    if (what < 8) client.register(this.#service(id));
    else if (what < 12 && held.length > 0) client.set(this.#pick(held), this.#marks++);
    else if (what < 16 && held.length > 0) client.free(this.#pick(held));
    else if (what < 18) client.leave(true);
    else if (what < 19) client.leave(false);
    else client.session?.cut();
  }

  #service(id: string): Service {
    const version = this.#pick(VERSIONS);
    const described = { id, role: this.#pick(["web", "db"]), host: "10.0.0.1", port: 1 + this.#random(65535) };
    return { ...described, ...version && { version }, mark: this.#marks++ };
  }

  /** Something bad happens to a hub or a cable. */
  #hurt(): void {
    const [hub, link] = [this.#pick(this.#hubs), this.#pick(this.#links)];
    const ms = this.#random(this.#random(4) === 0 ? 20 * timeoutMs : 3 * timeoutMs);
    const what = this.#random(12);
    if (what < 2) this.#kill(hub, ms);
    else if (what < 5) this.#stop(hub, ms);
    else if (what < 7) this.#cut([link], ms);
    else if (what < 9) this.#part(ms);
    else if (what < 10) link.break();
    else link.isLossy = !link.isLossy;
  }

  #kill(hub: SimulatedHub, ms: number): void {
    if (!hub.life) return;
    hub.kill(this.#random(3) > 0);
    if (this.#random(4) === 0 && this.#deadForGood.size < 3) this.#deadForGood.add(hub);
    else if (!this.#deadForGood.has(hub)) {
      const isQuick = this.#random(2) === 0;
      this.#time.after(1 + (isQuick ? this.#random(everyMs) : ms), () => hub.life ?? hub.begin());
    }
  }

  #stop(hub: SimulatedHub, ms: number): void {
    hub.stop();
    this.#time.after(1 + ms, () => hub.resume());
  }

  /** Two halves do not hear each other. */
  #part(ms: number): void {
    const half = new Set(this.#hubs.filter(() => this.#random(2) === 0));
    this.#cut(this.#links.filter(({ hubs: [a, b] }) => half.has(a) !== half.has(b)), ms);
  }

  #cut(links: readonly SimulatedLink[], ms: number): void {
    for (const link of links) {
      link.isCut = true;
      link.break();
      this.#time.after(1 + ms, () => link.isCut = false);
    }
  }

  /** All hubs that are not dead for good run, and hear each other; what is dead leaves no gap. */
  #heal(): void {
    this.#isOver = true;
    const live = this.#hubs.filter((hub) => !this.#deadForGood.has(hub));
    for (const hub of live) hub.life ? hub.resume() : hub.begin();
    for (let i = 1; i < live.length; i++) {
      this.#links.push(new SimulatedLink([live[i - 1], live[i]], this.#time, this.#random));
    }
    for (const link of this.#links) link.isCut = link.isLossy = false;
  }

  #check(): void {
    const expected = this.#registered();
    const live = this.#hubs.filter((hub) => hub.life);
    for (const { name, life } of live) {
      const { catalog, registrar } = life!;
      const shown = new Map(catalog.query().map((service) => [service.id, service]));
      deepEqual([...shown.keys()].sort(), [...expected.keys()].sort(), `ids at ${name}`);
      for (const [id, service] of expected) deepEqual(shown.get(id), service, `${id} at ${name}`);
      const known = registrar.replica.origins.map(({ hub }) => hub).sort();
      deepEqual(known, live.map((hub) => hub.name).sort(), `hubs known at ${name}`);
      checkCatalog(catalog);
    }
  }

  /** What all clients have registered. */
  #registered(): Map<string, Service> {
    const all = new Map<string, Service>();
    for (const client of this.#clients.filter(({ isLive }) => isLive)) {
      ok(client.session?.isHeard, `${client.name} is not connected`);
      for (const service of client.services.values()) {
        ok(!all.has(service.id), `${service.id} belongs to two`);
        all.set(service.id, service);
      }
    }
    return all;
  }
}

/** Which hubs are linked: a chain, a ring, a star, a full mesh, or a tree with some more. */
function topology(random: Random): [number, number][] {
  const chain: [number, number][] = [[0, 1], [1, 2], [2, 3], [3, 4]];
  const mesh = [0, 1, 2, 3, 4].flatMap((a) =>
    [0, 1, 2, 3, 4].filter((b) => a < b).map((b): [number, number] => [a, b])
  );
  const tree = [1, 2, 3, 4].map((b): [number, number] => [random(b), b]);
  const kinds = [chain, [...chain, [0, 4] as [number, number]], mesh.slice(0, 4), mesh, [...tree, mesh[random(10)]]];
  return kinds[random(kinds.length)];
}

/** Each question has the answer that a plain look through all services gives. */
function checkCatalog(catalog: Catalog): void {
  const all = catalog.query();
  const ids = (services: readonly Service[]) => services.map(({ id }) => id).sort();
  equal(all.length, catalog.size);
  for (const role of ["web", "db"]) {
    const ofRole = all.filter((service) => service.role === role);
    deepEqual(ids(catalog.query(role)), ids(ofRole));
    for (const range of RANGES) {
      const plain = ofRole.filter(({ version }) => version !== undefined && satisfies(version, range));
      deepEqual(ids(catalog.query(`${role}@${range}`)), ids(plain), `${role}@${range}`);
    }
  }
}
