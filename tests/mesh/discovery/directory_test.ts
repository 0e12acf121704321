/** One directory among a few, by what it does for whoever has it. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { DirectoryEvent } from "../../../src/mesh/discovery/events.ts";
import { readAnswer, writeQuestion } from "../../../src/mesh/discovery/messages.ts";
import { compareDistance, placeBeside, placed } from "../../../src/mesh/discovery/place.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { placeOfService } from "../../../src/mesh/node_id.ts";
import { DirectoryNetwork, type DirectoryNode } from "../../support/mesh/directory_network.ts";
import { idOf, MINUTE } from "./made.ts";
import { finds, network } from "./network.ts";

const HOUR = 60 * MINUTE;

/** The node that is least likely to keep records of a service. */
function furthest(net: DirectoryNetwork, service: string): DirectoryNode {
  const target = placed(placeOfService(service));
  const peers = net.nodes.map((node) => ({ node, peer: net.book.peerOf(node.contact) }));
  return peers.sort((a, b) => compareDistance(target, b.peer, a.peer))[0].node;
}

/** The versions that nodes find: one entry where all find the same. */
async function foundByAll(net: DirectoryNetwork, service: string): Promise<string[]> {
  const found: string[] = [];
  for (const node of net.nodes) {
    found.push((await finds(net, node, service)).map(({ version }) => version).sort().join());
  }
  return [...new Set(found)];
}

Deno.test("what one node offers is found by all others, until it is withdrawn", async () => {
  using net = await network(30);
  const [, provider] = net.nodes;
  equal(await net.clock.until(provider.directory.announce("resize", "1.2.0", provider.reach)), meshLimits.bucketNodes);
  await net.clock.until(provider.directory.announce("resize", "", provider.reach));
  deepEqual(await foundByAll(net, "resize"), [",1.2.0"]);
  const [record] = (await finds(net, net.nodes[20], "resize")).filter(({ version }) => version);
  deepEqual(record.reach, provider.reach);
  await net.clock.until(provider.directory.withdraw("resize", "1.2.0"));
  await net.clock.until(provider.directory.withdraw("resize", "9.9.9")); // which was never there
  await foundByAll(net, "resize"); // looked for again behind the answer
  await net.clock.pass(MINUTE);
  await foundByAll(net, "resize");
  await net.clock.pass(MINUTE);
  deepEqual(await foundByAll(net, "resize"), [""]);
  equal((await finds(net, net.nodes[7], "nothing")).length, 0);
});

Deno.test("what is offered again while it is being withdrawn is offered", async () => {
  using net = await network(30);
  const { directory, reach } = net.nodes[3];
  await net.clock.until(directory.announce("resize", "", reach));
  const done = [directory.withdraw("resize", ""), directory.announce("resize", "", reach)];
  await net.clock.pass(50);
  done.push(directory.withdraw("resize", ""), directory.announce("resize", "", reach));
  await net.clock.until(Promise.all(done));
  equal((await finds(net, furthest(net, "resize"), "resize")).length, 1);
  await net.clock.until(directory.withdraw("resize", ""));
  equal((await finds(net, furthest(net, "x"), "resize")).length, 0);
});

Deno.test("what is known is given at once, and looked for behind that when it is not fresh", async () => {
  using net = await network(30);
  const [provider, other] = net.nodes;
  await net.clock.until(provider.directory.announce("resize", "1.0.0", provider.reach));
  const caller = furthest(net, "resize");
  deepEqual(caller.directory.providersKnown("resize"), []);
  await net.clock.pass(5000);
  equal(caller.directory.providersKnown("resize").length, 1);
  await net.clock.until(other.directory.announce("resize", "2.0.0", other.reach));
  net.questions = 0;
  equal(caller.directory.providersKnown("resize").length, 1);
  equal(net.questions, 0);
  await net.clock.pass(meshLimits.serviceFreshMs);
  caller.directory.providersKnown("resize");
  await net.clock.pass(5000);
  equal(caller.directory.providersKnown("resize").length, 2);
});

Deno.test("a provider that is gone is forgotten when its record runs out, and one that stays is not", async () => {
  using net = await network(40);
  const [gone, stays, caller] = net.nodes.slice(5);
  for (const node of [gone, stays]) await net.clock.until(node.directory.announce("resize", "", node.reach));
  await net.clock.pass(15 * MINUTE);
  net.kill(gone);
  await net.clock.pass(10 * MINUTE);
  equal((await finds(net, caller, "resize")).length, 2);
  await net.clock.pass(meshLimits.recordMs);
  for (let hours = 0; hours < 3; hours++) {
    const providers = (await finds(net, caller, "resize")).map(({ reach }) => reach.id);
    deepEqual(providers, [stays.contact.id]);
    await net.clock.pass(HOUR);
  }
});

Deno.test("nodes find each other by their ids, and nobody that isn't there", async () => {
  using net = await network(100);
  for (let i = 0; i < 100; i++) {
    const [from, to] = [net.nodes[i], net.nodes[(i * 37 + 1) % 100]];
    if (from === to) continue;
    const { id, addresses } = (await net.clock.until(from.directory.findNode(to.contact.id)))!;
    deepEqual({ id, addresses }, to.contact);
  }
  equal(await net.clock.until(net.nodes[3].directory.findNode(idOf(77))), undefined);
  await rejects(net.nodes[3].directory.findNode("x"), TypeError);
});

Deno.test("a node that is reached in another way tells so", async () => {
  using net = await network(20);
  const [provider, caller] = net.nodes.slice(3);
  await net.clock.until(provider.directory.announce("resize", "1.0.0", provider.reach));
  await finds(net, caller, "resize");
  const relays = [net.nodes[0].contact];
  await net.clock.until(provider.directory.reachChanged({ ...provider.reach, relays }));
  await net.clock.pass(MINUTE);
  await finds(net, caller, "resize");
  await net.clock.pass(5000);
  deepEqual((await finds(net, caller, "resize")).map(({ reach }) => reach.relays), [relays]);
});

Deno.test("what can't be offered is refused, and changes nothing", async () => {
  using net = await network(3);
  const [{ directory, reach }, other] = net.nodes;
  await rejects(directory.announce("a b", "", reach), TypeError);
  await rejects(directory.announce("web", "1", reach), TypeError);
  await rejects(directory.announce("web", "", other.reach), TypeError);
  await rejects(directory.findProviders("a b"), TypeError);
  await net.clock.until(directory.announce("web", "1.0.0", reach));
  await rejects(directory.reachChanged(other.reach), TypeError);
  deepEqual((await finds(net, other, "web"))[0].reach, reach);
});

Deno.test("a join point that is down at first is tried until it is there", async () => {
  using net = new DirectoryNetwork(1, 10);
  const door = net.add();
  door.isAlive = false;
  const node = net.add();
  await net.clock.until(node.directory.join([door.contact]));
  await net.clock.until(node.directory.announce("resize", "", node.reach));
  equal(node.directory.nodes, 0);
  await net.clock.pass(10 * MINUTE);
  door.isAlive = true;
  await net.clock.pass(15_000);
  equal(node.directory.nodes, 1);
  equal((await finds(net, door, "resize")).length, 1);
});

Deno.test("a node that has lost all others says so, joins again, and tells what it offers", async () => {
  using net = await network(5);
  const events: DirectoryEvent["type"][] = [];
  const node = net.nodes[4];
  net.onEvent = (event, id) => id === node.contact.id && event.type !== "lookup" && events.push(event.type);
  await net.clock.until(node.directory.announce("resize", "", node.reach));
  for (const other of net.nodes.slice(0, 4)) node.directory.lost(other.contact.id);
  equal(node.directory.nodes, 0);
  deepEqual(events, ["announced", "alone"]);
  await net.clock.pass(30_000);
  equal(node.directory.nodes, 4);
  deepEqual(events.slice(2), ["joined", "announced"]);
});

Deno.test("two nodes that start again at once find each other, and what they offer", async () => {
  using net = await network(2);
  const signers = net.nodes.map(({ signer }) => signer);
  const contacts = net.nodes.map(({ contact }) => contact);
  const hosts = contacts.map(({ addresses }) => new URL(addresses[0]).hostname);
  for (const node of [...net.nodes]) net.kill(node);
  const nodes = signers.map((signer, i) => net.add(signer, hosts[i]));
  const joins = nodes.map(({ directory }, i) => directory.join([contacts[1 - i]]));
  const offers = nodes.map(({ directory, reach }, i) => directory.announce(`s${i}`, "", reach));
  await net.clock.until(Promise.all([...joins, ...offers]));
  await net.clock.pass(10_000);
  for (const [i, node] of nodes.entries()) equal((await finds(net, node, `s${1 - i}`)).length, 1);
});

Deno.test("a full bucket pings its oldest node, and gives its room to a new one when it says nothing", async () => {
  using net = await network(120);
  const [first] = net.nodes;
  const dead = net.nodes.slice(80);
  for (const node of dead) net.kill(node);
  await net.grow(40);
  const live = net.nodes.filter((node) => node !== first);
  for (let round = 0; round < 40; round++) {
    await net.clock.pass(meshLimits.bucketTrustMs / 10);
    for (const { contact } of live) first.directory.saw(contact);
  }
  // Those that differ from it in the first bit are in one bucket, which they would fill three times.
  const { place } = placeBeside(net.book.peerOf(first.contact), 0, net.random);
  const answered = first.directory.answer({ id: idOf(1) }, writeQuestion({ type: "findNode", place }));
  const { answer } = readAnswer(answered, net.book);
  ok(answer.type === "findNode");
  equal(answer.peers.length, meshLimits.bucketNodes);
  const ids = new Set(live.map(({ contact }) => contact.id));
  deepEqual(answer.peers.filter(({ id }) => !ids.has(id)), []);
});

Deno.test("one that is closed does nothing more, also if it was looking for something", async () => {
  using net = await network(50);
  const [, node] = net.nodes;
  const looking = [node.directory.findProviders("resize"), node.directory.findNode(idOf(1))];
  const offering = node.directory.announce("web", "", node.reach);
  node.directory[Symbol.dispose]();
  deepEqual(await net.clock.until(Promise.all(looking)), [[], undefined]);
  equal(await net.clock.until(offering), 0);
  for (const other of [...net.nodes]) if (other !== node) net.kill(other);
  net.questions = 0;
  await net.clock.pass(3 * HOUR);
  equal(net.questions, 0);
});
