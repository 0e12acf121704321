/** Looks at addresses that strangers claim: not many at a time, not for long, and not again and again. */

import { deepEqual, equal } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import type { Greeter } from "../../../src/mesh/node/greeter.ts";
import { Probes } from "../../../src/mesh/node/probes.ts";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { ManualClock, settle } from "../../support/mesh/manual_clock.ts";

type IdentifyArgs = Parameters<Greeter["identify"]>;

/** A network where nobody answers before a test says so. */
class Fixture {
  readonly clock = new ManualClock();
  readonly dialled: string[] = [];
  destroyed = 0;
  /** Who is at an address. */
  readonly there = new Map<string, string>();
  readonly #waiting: (() => void)[] = [];
  readonly probes = new Probes({
    clock: this.clock,
    signal: AbortSignal.any([]),
    transport: {
      dial: (address, signal) => this.#dial(address, signal),
      listen: () => Promise.reject(new Error("It does not listen")),
    },
    greeter: { identify: (...args: IdentifyArgs) => this.#identify(...args) } as unknown as Greeter,
  });

  async answer(): Promise<void> {
    for (const wake of this.#waiting.splice(0)) wake();
    await settle();
  }

  #dial(address: string, signal: AbortSignal): Promise<Link> {
    this.dialled.push(address);
    const link = { address, destroy: () => this.destroyed++ } as unknown as Link;
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => resolve(link));
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  }

  #identify(...[link, , expected]: IdentifyArgs): Promise<void> {
    const { address } = link as unknown as { address: string };
    return this.there.get(address) === expected ? Promise.resolve() : Promise.reject(new Error("It is another one"));
  }
}

Deno.test("an address is believed when the node is there, and not looked at again for a while", async () => {
  const fixture = new Fixture();
  fixture.there.set("tcp://1:1", "anna").set("tcp://2:2", "bert");
  const looking = fixture.probes.look("anna", ["tcp://2:2", "tcp://1:1"]);
  await settle();
  await fixture.answer();
  deepEqual(await looking, ["tcp://1:1"]);
  equal(fixture.destroyed, 2);
  deepEqual(await fixture.probes.look("anna", ["tcp://1:1"]), ["tcp://1:1"]);
  equal(fixture.dialled.length, 2);
  fixture.clock.pass(meshLimits.probeFreshMs);
  const again = fixture.probes.look("anna", ["tcp://1:1"]);
  await settle();
  await fixture.answer();
  deepEqual(await again, ["tcp://1:1"]);
  equal(fixture.clock.pending, 0);
});

Deno.test("one that says nothing is given up", async () => {
  const fixture = new Fixture();
  const looking = fixture.probes.look("anna", ["tcp://1:1"]);
  await settle();
  fixture.clock.pass(meshLimits.probeMs);
  deepEqual(await looking, []);
  equal(fixture.probes.underWay, 0);
});

Deno.test("of many only some are looked at at a time, some wait, and the others get no look", async () => {
  const fixture = new Fixture();
  const count = meshLimits.probes + meshLimits.probesWaiting + 5;
  const done: number[] = [];
  for (let i = 0; i < count; i++) {
    fixture.there.set(`tcp://${i}:1`, `n${i}`);
    void fixture.probes.look(`n${i}`, [`tcp://${i}:1`]).then(({ length }) => done.push(length));
  }
  await settle();
  equal(fixture.probes.underWay, meshLimits.probes);
  equal(fixture.dialled.length, meshLimits.probes);
  deepEqual(done, Array(5).fill(0));
  while (fixture.probes.underWay > 0) await fixture.answer();
  equal(done.filter((length) => length === 1).length, count - 5);
});

Deno.test("what was dialled anyway needs no look", async () => {
  const fixture = new Fixture();
  fixture.probes.found("anna", "tcp://1:1");
  deepEqual(await fixture.probes.look("anna", ["tcp://1:1"]), ["tcp://1:1"]);
  const looking = fixture.probes.look("bert", ["tcp://1:1"]);
  await settle();
  await fixture.answer();
  deepEqual(await looking, []);
});
