/** Nodes that come, go, move and come back, under a clock that passes when it is told to. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { SimulatedLoad } from "../../support/mesh/simulated_load.ts";
import { says, SimulatedMesh, type SimulatedNode } from "../../support/mesh/simulated_mesh.ts";

const latencyMs = () => 10;

/** A mesh in which five nodes offer a service, and one calls it. */
async function fiveOld(seed: number) {
  const mesh = new SimulatedMesh(seed, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const old: SimulatedNode[] = [];
  for (let i = 0; i < 5; i++) old.push(await mesh.start({ join, services: { a: says("old") } }));
  const caller = await mesh.start({ join });
  await mesh.clock.pass(1000);
  return { mesh, join, old, caller };
}

Deno.test("a new provider is found by busy callers within ten seconds", async () => {
  const mesh = new SimulatedMesh(1, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  await mesh.start({ join, services: { "a@1.0.0": says("one") } });
  const caller = await mesh.start({ join });
  await mesh.clock.pass(1000);
  const load = new SimulatedLoad(mesh, caller, "a");
  await load.run(12_000);
  await mesh.start({ join, services: { "a@1.1.0": says("two") } });
  await load.run(meshLimits.serviceFreshMs + 500);
  ok(load.answers.two > 0, JSON.stringify(load.answers));
  await load.end();
  deepEqual(Object.keys(load.answers).sort(), ["one", "two"]);
  await mesh.close();
});

Deno.test("a caller that knows nobody finds the first provider within two seconds", async () => {
  const mesh = new SimulatedMesh(2, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const caller = await mesh.start({ join });
  const load = new SimulatedLoad(mesh, caller, "a");
  await load.run(5000, 50);
  deepEqual(Object.keys(load.answers), ["503"]);
  await mesh.start({ join, services: { a: says("one") } });
  await load.run(2000, 50);
  await load.end();
  ok(load.answers.one > 5, JSON.stringify(load.answers));
  await mesh.close();
});

Deno.test("a provider that leaves under load loses no call", async () => {
  const mesh = new SimulatedMesh(3, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const slow = (text: string) => async () => {
    await new Promise<void>((resolve) => mesh.clock.after(200, resolve));
    return new Response(text);
  };
  const providers: SimulatedNode[] = [];
  for (const name of ["one", "two", "three"]) providers.push(await mesh.start({ join, services: { a: slow(name) } }));
  const caller = await mesh.start({ join });
  await mesh.clock.pass(1000);
  // More than is kept to be sent again: nothing may be refused on its way.
  const load = new SimulatedLoad(mesh, caller, "a", { method: "POST", body: "x".repeat(200_000) });
  await load.run(2000);
  const left = providers[0].node.close();
  await load.run(3000);
  await mesh.clock.until(left);
  await mesh.clock.until(providers[1].node.close());
  await load.run(3000);
  await load.end();
  deepEqual(Object.keys(load.answers).sort(), ["one", "three", "two"]);
  equal(load.outcomes.length, 800);
  ok(load.slowestMs < 1000, String(load.slowestMs));
  await mesh.close();
});

Deno.test("when all providers are replaced by others at once, calls find these", async () => {
  const { mesh, join, old, caller } = await fiveOld(4);
  const load = new SimulatedLoad(mesh, caller, "a");
  await load.run(2000);
  for (let i = 0; i < 5; i++) await mesh.start({ join, services: { a: says("new") } });
  const left = Promise.all(old.map(({ node }) => node.close()));
  await load.run(5000);
  await mesh.clock.until(left);
  await load.end();
  deepEqual(Object.keys(load.answers).sort(), ["new", "old"]);
  await mesh.close();
});

Deno.test("so does the first call of one that was idle meanwhile", async () => {
  const { mesh, join, old, caller } = await fiveOld(17);
  equal(await mesh.ask(caller, "a"), "old");
  for (const made of old) mesh.kill(made);
  await mesh.start({ join, services: { a: says("new") } });
  await mesh.clock.pass(1000);
  equal(await mesh.ask(caller, "a"), "new");
  await mesh.close();
});

Deno.test("a machine that vanished costs calls a short wait, at most once in a while", async () => {
  const mesh = new SimulatedMesh(5, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const providers: SimulatedNode[] = [];
  for (const name of ["one", "two", "three"]) providers.push(await mesh.start({ join, services: { a: says(name) } }));
  const caller = await mesh.start({ join });
  await mesh.clock.pass(1000);
  const load = new SimulatedLoad(mesh, caller, "a");
  await load.run(2000);
  mesh.network.partition([providers[0].host]);
  await load.run(15_000);
  // Those that were on their way there waited for the session to be given up.
  ok(load.slowestMs <= 10_100, String(load.slowestMs));
  const slow = load.outcomes.filter(({ ms }) => ms > 500).length;
  ok(slow < 20, `${slow} calls waited`);
  load.outcomes.length = 0;
  await load.run(30_000);
  await load.end();
  deepEqual(Object.keys(load.answers).sort(), ["three", "two"]);
  ok(load.slowestMs < 500, String(load.slowestMs));
  // A caller that has never had a session with it.
  const late = await mesh.start({ join });
  const lateLoad = new SimulatedLoad(mesh, late, "a");
  await lateLoad.run(20_000);
  await lateLoad.end();
  deepEqual(Object.keys(lateLoad.answers).sort(), ["three", "two"]);
  ok(lateLoad.slowestMs < 1000, String(lateLoad.slowestMs));
  const waited = lateLoad.outcomes.filter(({ ms }) => ms > 200).length;
  ok(waited < 20, `${waited} calls waited`);
  await mesh.close();
});

Deno.test("a provider that is far away takes a call, though the other one is not there at all", async () => {
  const mesh = new SimulatedMesh(16, { latencyMs: () => 200 });
  const door = await mesh.start();
  const join = door.node.addresses;
  const gone = await mesh.start({ join, services: { a: says("gone") } });
  await mesh.start({ join, services: { a: says("far") } });
  await mesh.clock.pass(3000);
  mesh.network.partition([gone.host]);
  for (let i = 0; i < 10; i++) {
    const caller = await mesh.start({ join });
    const load = new SimulatedLoad(mesh, caller, "a");
    await load.run(10, 10);
    await load.end();
    deepEqual(load.answers, { far: 1 });
    ok(load.slowestMs < 4000, String(load.slowestMs));
  }
  await mesh.close();
});

Deno.test("one that is cut off and joined again takes calls again", async () => {
  const mesh = new SimulatedMesh(6, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const providers: SimulatedNode[] = [];
  for (const name of ["one", "two"]) providers.push(await mesh.start({ join, services: { a: says(name) } }));
  const caller = await mesh.start({ join });
  await mesh.clock.pass(1000);
  const load = new SimulatedLoad(mesh, caller, "a");
  await load.run(2000);
  mesh.network.partition([providers[0].host]);
  await load.run(40_000, 50);
  mesh.network.heal();
  load.outcomes.length = 0;
  await load.run(45_000, 50);
  await load.end();
  deepEqual(Object.keys(load.answers).sort(), ["one", "two"]);
  ok(load.answers.one > 50, JSON.stringify(load.answers));
  await mesh.close();
});

Deno.test("a node that starts anew with the same key takes calls at once", async () => {
  const mesh = new SimulatedMesh(7, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const first = await mesh.start({ join, services: { a: says("first life") } });
  const caller = await mesh.start({ join });
  await mesh.clock.pass(1000);
  equal(await mesh.ask(caller, "a"), "first life");
  mesh.kill(first);
  const { host, identity: as } = first;
  await mesh.start({ join, host, as, services: { a: says("second life") } });
  await mesh.clock.pass(300);
  equal(await mesh.ask(caller, "a"), "second life");
  await mesh.close();
});

Deno.test("so does one whose earlier sessions nobody has seen end", async () => {
  const mesh = new SimulatedMesh(8, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const first = await mesh.start({ join, isBehindNat: true, services: { a: says("first life") } });
  const caller = await mesh.start({ join });
  await mesh.clock.pass(1000);
  equal(await mesh.ask(caller, "a"), "first life");
  mesh.network.partition([first.host]); // its machine has lost its power, and comes back with another address
  await mesh.start({ join, as: first.identity, isBehindNat: true, services: { a: says("second life") } });
  await mesh.clock.pass(1000);
  const load = new SimulatedLoad(mesh, caller, "a");
  await load.run(15_000, 100);
  await load.end();
  const last = load.outcomes.slice(-40);
  ok(last.every(({ answer, ms }) => answer === "second life" && ms < 500), JSON.stringify(load.answers));
  await mesh.close();
});

Deno.test("clocks of machines that jump change nothing", async () => {
  const mesh = new SimulatedMesh(14, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const provider = await mesh.start({ join, services: { a: says("one") } });
  const callers = [await mesh.start({ join }), await mesh.start({ join })];
  await mesh.clock.pass(1000);
  const load = new SimulatedLoad(mesh, callers[0], "a");
  const yearMs = 365 * 86_400_000;
  for (const [i, { clock }] of [provider, callers[0], door].entries()) {
    clock.aheadMs = [yearMs, -yearMs, 3_600_000][i];
    await load.run(2000, 100);
    await load.run(meshLimits.recordMs, 10_000);
    clock.aheadMs = 0;
    await load.run(2000, 100);
  }
  await load.end();
  deepEqual(Object.keys(load.answers), ["one"]);
  equal(await mesh.ask(callers[1], "a"), "one");
  await mesh.close();
});

Deno.test("services that appear and vanish for minutes lose no request that may be sent twice", async () => {
  const mesh = new SimulatedMesh(15, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const caller = await mesh.start({ join });
  const providers: SimulatedNode[] = [];
  for (let i = 0; i < 4; i++) providers.push(await mesh.start({ join, services: { a: says("ok") } }));
  await mesh.clock.pass(1000);
  const load = new SimulatedLoad(mesh, caller, "a");
  for (let i = 0; i < 60; i++) {
    const [gone] = providers.splice(Math.floor(mesh.clock.random() * providers.length), 1);
    if (i % 3 === 0) mesh.kill(gone);
    else void gone.node.close();
    await load.run(2000, 20);
    providers.push(await mesh.start({ join, isBehindNat: i % 4 === 0, services: { a: says("ok") } }));
  }
  await load.end();
  deepEqual(Object.keys(load.answers), ["ok"], JSON.stringify(load.answers));
  await mesh.close();
});
