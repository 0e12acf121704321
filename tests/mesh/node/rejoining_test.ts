/** Nodes that lose those by which they have joined, and find back, under a clock that passes when it is told to. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { SimulatedLoad } from "../../support/mesh/simulated_load.ts";
import { says, SimulatedMesh } from "../../support/mesh/simulated_mesh.ts";

const latencyMs = () => 10;

Deno.test("two nodes that start anew at one moment find each other, and others find both", async () => {
  const mesh = new SimulatedMesh(9, { latencyMs });
  const join = ["10.0.0.0:9000", "10.0.0.1:9000"]; // each list names the node itself, too
  const services = { a: says("one") };
  let pair = [mesh.make({ join, services }), mesh.make({ join })];
  await mesh.clock.until(Promise.all(pair.map((made) => mesh.begin(made, { join, services }))));
  const caller = await mesh.start({ join });
  await mesh.clock.pass(1000);
  equal(await mesh.ask(caller, "a"), "one");
  for (const made of pair) mesh.kill(made);
  await mesh.clock.pass(3000);
  pair = pair.map(({ host, identity: as }) => mesh.make({ host, as, join, services }));
  await mesh.clock.until(Promise.all(pair.map((made) => mesh.begin(made, { join, services }))));
  await mesh.clock.pass(meshLimits.joinBackoffMsMax);
  equal(await mesh.ask(pair[1], "a"), "one");
  equal(await mesh.ask(caller, "a"), "one");
  deepEqual(pair.map(({ node }) => node.sessions > 0), [true, true]);
  await mesh.close();
});

Deno.test("a join point that is down at the start is joined when it is there, be it with another key", async () => {
  const mesh = new SimulatedMesh(10, { latencyMs });
  const join = ["10.9.9.9:9000"];
  const parts: string[] = [];
  const provider = mesh.make();
  provider.node.addEventListener("part", ({ detail }) => parts.push(detail.address));
  await mesh.clock.until(mesh.begin(provider, { join, services: { a: says("one") } }));
  const caller = await mesh.start({ join });
  ok(parts.length > 0);
  for (let life = 0; life < 2; life++) {
    const door = await mesh.start({ host: "10.9.9.9" });
    await mesh.clock.pass(meshLimits.joinBackoffMsMax + 3000);
    equal(await mesh.ask(caller, "a"), "one");
    mesh.kill(door);
    await mesh.clock.pass(20_000);
  }
  await mesh.close();
});

Deno.test("calls go on by another join point when one is lost, also to nodes that can't be dialled", async () => {
  const mesh = new SimulatedMesh(11, { latencyMs });
  const doors = [await mesh.start()];
  doors.push(await mesh.start({ join: doors[0].node.addresses }));
  const join = doors.map(({ node }) => node.addresses[0]);
  await mesh.start({ join, isBehindNat: true, services: { a: says("inside") } });
  const caller = await mesh.start({ join, isBehindNat: true });
  await mesh.clock.pass(2000);
  equal(await mesh.ask(caller, "a"), "inside");
  mesh.kill(doors[0]);
  const load = new SimulatedLoad(mesh, caller, "a");
  await load.run(20_000, 100);
  await load.end();
  const { inside = 0 } = load.answers;
  ok(inside >= 195, JSON.stringify(load.answers)); // those that were on their way
  await mesh.close();
});

Deno.test("what a third node passes on goes straight when one of the two can be dialled later", async () => {
  const mesh = new SimulatedMesh(12, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const provider = await mesh.start({ join, isBehindNat: true, services: { a: says("one") } });
  const caller = await mesh.start({ join, isBehindNat: true });
  let sessions = 0;
  caller.node.addEventListener("open", ({ detail }) => sessions += detail.id === provider.node.id ? 1 : 0);
  await mesh.clock.pass(1000);
  const load = new SimulatedLoad(mesh, caller, "a");
  await load.run(1000, 100);
  equal(sessions, 1);
  await mesh.clock.until(provider.node.start({ listen: `${provider.host}:9000` }));
  // It says where it listens the next time, is looked at, and tells it; callers find that out, and look too.
  await load.run(meshLimits.helloAloneMs + meshLimits.sweepMs + meshLimits.serviceFreshMs + 2000, 100);
  equal(sessions, 2);
  mesh.network.killLinks(door.host, caller.host);
  mesh.network.partition([door.host]);
  load.outcomes.length = 0;
  await load.run(5000, 100);
  await load.end();
  deepEqual(load.answers, { one: 50 });
  ok(load.slowestMs < 200, String(load.slowestMs));
  await mesh.close();
});

Deno.test("sessions that nobody needs end, and those of join points stay", async () => {
  const mesh = new SimulatedMesh(13, { latencyMs });
  const door = await mesh.start();
  const join = door.node.addresses;
  const others = [];
  for (let i = 0; i < 8; i++) others.push(await mesh.start({ join, services: { [`s${i}`]: says(`${i}`) } }));
  await mesh.clock.pass(1000);
  for (let i = 0; i < 8; i++) equal(await mesh.ask(others[(i + 3) % 8], `s${i}`), `${i}`);
  ok(others.some(({ node }) => node.sessions > 2));
  await mesh.clock.pass(4 * meshLimits.sessionIdleMs);
  deepEqual(others.map(({ node }) => node.sessions), Array(8).fill(1));
  equal(door.node.sessions, 8);
  for (let i = 0; i < 8; i++) equal(await mesh.ask(others[(i + 3) % 8], `s${i}`), `${i}`);
  await mesh.close();
});
