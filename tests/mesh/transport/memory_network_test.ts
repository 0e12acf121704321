/** Links in memory: under the machine's clock they are links as all others, under a virtual one they are for simulations. */

import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { type Clock, systemClock } from "../../../src/mesh/clock.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { type MemoryListener, MemoryNetwork, type MemoryNetworkOptions } from "../../support/mesh/memory_network.ts";
import { VirtualClock } from "../../support/mesh/virtual_clock.ts";
import { until } from "../../support/within.ts";
import { linkCases, type LinkPair } from "./link_cases.ts";
import { Tape } from "./tape.ts";

/** The machine's, which tells how much is still to come. */
class CountingClock implements Clock {
  pending = 0;

  nowMs(): number {
    return systemClock.nowMs();
  }

  wallMs(): number {
    return systemClock.wallMs();
  }

  after(ms: number, call: () => void): () => void {
    this.pending++;
    const stop = systemClock.after(ms, () => {
      this.pending--;
      call();
    });
    return () => {
      this.pending--;
      stop();
    };
  }
}

async function connectInMemory(): Promise<LinkPair> {
  const clock = new CountingClock();
  const network = new MemoryNetwork({ clock, random: Math.random, latencyMs: () => 1 });
  const far = Promise.withResolvers<Link>();
  const { address } = await network.listen("10.0.0.7:9000", far.resolve);
  const near = await network.dial("10.0.0.8", address);
  return {
    ends: [near, await far.promise],
    [Symbol.asyncDispose]: () => until("nothing more happens", () => clock.pending <= 0),
  };
}

linkCases("memory", connectInMemory);

/** A network under a clock of its own, with echoes at every host that is asked for. */
class World {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  /** Ends of links at the hosts that listen. */
  readonly taken: Tape[] = [];

  constructor(seed: number, options: Partial<MemoryNetworkOptions> = {}) {
    this.clock = new VirtualClock(seed);
    this.network = new MemoryNetwork({ clock: this.clock, random: this.clock.random, ...options });
  }

  async listen(host: string): Promise<MemoryListener> {
    return await this.network.listen(`${host}:9000`, (link) => {
      const tape = new Tape(link).open();
      tape.take = (bytes) => link.write(bytes);
      this.taken.push(tape);
    });
  }

  async dial(from: string, to: string): Promise<Tape> {
    return new Tape(await this.clock.until(this.network.dial(from, `tcp://${to}:9000`))).open();
  }
}

Deno.test("one seed makes one course of things, and another one another", async () => {
  const course = async (seed: number) => {
    const world = new World(seed);
    const seen: string[] = [];
    for (let i = 0; i < 5; i++) await world.listen(`10.0.0.${i}`);
    for (let i = 0; i < 5; i++) {
      const tape = await world.dial("10.0.1.1", `10.0.0.${i}`);
      tape.take = (bytes) => seen.push(`${world.clock.nowMs()}: ${i} ${bytes.byteLength}`);
      for (let n = 1; n < 4; n++) tape.write(new Uint8Array(n));
    }
    await world.clock.pass(200);
    equal(seen.length, 15);
    return seen.join();
  };
  equal(await course(1), await course(1));
  notEqual(await course(1), await course(2));
});

Deno.test("bytes take whole milliseconds, and both sides know of whom they come", async () => {
  const world = new World(1, { latencyMs: (from, to) => from < to ? 7 : 11 });
  await world.listen("10.0.0.2");
  const tape = await world.dial("10.0.0.1", "10.0.0.2");
  const startMs = world.clock.nowMs();
  tape.write("hello");
  let atMs = 0;
  tape.take = () => atMs = world.clock.nowMs();
  await world.clock.pass(100);
  equal(atMs - startMs, 14);
  deepEqual([tape.link.remoteHost, world.taken[0].link.remoteHost], ["10.0.0.2", "10.0.0.1"]);
  equal(world.network.links, 1);
  const hidden = new World(1, { showsHosts: false });
  await hidden.listen("10.0.0.2");
  const plain = await hidden.dial("10.0.0.1", "10.0.0.2");
  deepEqual([plain.link.remoteHost, hidden.taken[0].link.remoteHost], [undefined, undefined]);
});

Deno.test("no more waits for a receiver that pauses than the bound and one write", async () => {
  const world = new World(1);
  await world.listen("10.0.0.2");
  const tape = await world.dial("10.0.0.1", "10.0.0.2");
  world.taken[0].pause();
  const piece = new Uint8Array(10_000);
  let sent = piece.byteLength;
  while (tape.write(piece)) sent += piece.byteLength;
  await world.clock.pass(10_000);
  equal(tape.write(piece), false);
  ok(sent < meshLimits.linkWaitingBytes + piece.byteLength);
  equal(world.taken[0].received, 0);
  world.taken[0].resume();
  await world.clock.pass(10_000);
  equal(world.taken[0].received, sent + piece.byteLength);
  equal(tape.write(piece), true);
});

Deno.test("what is sent while hosts are apart comes when they are together again", async () => {
  const world = new World(1);
  for (const host of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) await world.listen(host);
  const across = await world.dial("10.0.0.1", "10.0.0.2");
  const beside = await world.dial("10.0.0.1", "10.0.0.3");
  world.network.partition(["10.0.0.2"]);
  for (const tape of [across, beside]) tape.write("one;");
  await world.clock.pass(60_000);
  for (const tape of [across, beside]) tape.write("two;");
  const dialled = world.network.dial("10.0.0.2", "tcp://10.0.0.3:9000");
  await rejects(world.clock.until(dialled), { name: "MeshError", code: "unreachable", message: /nothing answers$/ });
  deepEqual([across.text, beside.text, beside.closes], ["", "one;two;", 0]);
  world.network.heal();
  await world.clock.pass(200);
  equal(across.text, "one;two;");
});

Deno.test("a link that ends while hosts are apart is given up in time, and the other side hears of it later", async () => {
  const world = new World(1);
  await world.listen("10.0.0.2");
  const tape = await world.dial("10.0.0.1", "10.0.0.2");
  world.network.partition(["10.0.0.2"], ["10.0.0.1"]);
  tape.write("bye");
  tape.end();
  await world.clock.pass(meshLimits.linkEndMs - 1);
  equal(tape.closes, 0);
  await world.clock.pass(2);
  deepEqual([tape.closes, world.taken[0].closes], [1, 0]);
  world.network.heal();
  await world.clock.pass(100);
  deepEqual([world.taken[0].closes, world.taken[0].text, world.network.links], [1, "bye", 0]);
});

Deno.test("links that are killed end on both sides with an error, others go on", async () => {
  const world = new World(1);
  await world.listen("10.0.0.2");
  const killed = await world.dial("10.0.0.1", "10.0.0.2");
  const other = await world.dial("10.0.0.3", "10.0.0.2");
  killed.write("lost");
  world.network.killLinks("10.0.0.2", "10.0.0.1");
  await world.clock.pass(100);
  for (const tape of [killed, world.taken[0]]) match(tape.error!.message, /cut/);
  equal(world.taken[0].received, 0);
  deepEqual([other.closes, world.taken[1].closes, world.network.links], [0, 0, 1]);
});

Deno.test("a host that is killed is noticed, takes no links, and may begin again", async () => {
  const world = new World(1);
  await world.listen("10.0.0.2");
  const tape = await world.dial("10.0.0.1", "10.0.0.2");
  world.network.killHost("10.0.0.2");
  await world.clock.pass(100);
  deepEqual([tape.closes, tape.error, world.network.links], [1, undefined, 0]);
  await rejects(world.dial("10.0.0.1", "10.0.0.2"), { code: "unreachable", message: /nothing listens there$/ });
  await world.listen("10.0.0.2");
  const again = await world.dial("10.0.0.1", "10.0.0.2");
  again.write("hello");
  await world.clock.pass(200);
  equal(again.text, "hello");
});

Deno.test("an address is taken once, any port may be asked for, and a signal ends dialling", async () => {
  const world = new World(1);
  const host = world.network.host("10.0.0.2");
  const first = await host.listen("10.0.0.2:9000", () => {});
  await rejects(host.listen("tcp://10.0.0.2:9000", () => {}), /it is taken/);
  await first.close();
  await host.listen("10.0.0.2:9000", () => {});
  const [a, b] = [await host.listen("10.0.0.2:0", () => {}), await host.listen("10.0.0.2:0", () => {})];
  notEqual(a.address, b.address);
  await rejects(host.listen("nowhere", () => {}), TypeError);
  const controller = new AbortController();
  const dialled = world.network.dial("10.0.0.1", a.address, controller.signal);
  const late = world.network.dial("10.0.0.1", a.address, controller.signal);
  controller.abort(new Error("enough"));
  await rejects(dialled, /enough/);
  await rejects(late, /enough/);
  await rejects(world.network.dial("10.0.0.1", a.address, controller.signal), /enough/);
  await world.clock.pass(200);
  equal(world.network.links, 0);
});

Deno.test("ten thousand hosts cost one timer a millisecond", async () => {
  const world = new World(1);
  let timers = 0;
  const after = world.clock.after.bind(world.clock);
  world.clock.after = (ms, call) => {
    timers++;
    return after(ms, call);
  };
  const hosts = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 16}.${i >> 8 & 255}.${i & 255}`);
  let echoed = 0;
  const echo = (link: Link) => link.open({ onBytes: (bytes) => void link.write(bytes), onDrain() {}, onClose() {} });
  const count = { onBytes: () => void echoed++, onDrain() {}, onClose() {} };
  for (const host of hosts) await world.network.listen(`${host}:9000`, echo);
  const dialled = Promise.all(
    hosts.map((host, i) => world.network.dial(host, `tcp://${hosts[(i * 7 + 1) % 10_000]}:9000`)),
  );
  const links = await world.clock.until(dialled);
  timers = 0;
  for (const link of links) link.open(count);
  for (let round = 0; round < 10; round++) {
    for (const link of links) link.write(new Uint8Array(100));
    await world.clock.pass(100);
  }
  equal(echoed, 100_000);
  ok(timers < 1100, `${timers} timers were set in 1000 ms`);
});
