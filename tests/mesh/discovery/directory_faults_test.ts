/** What strangers and clocks may do to a directory. */

import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import type { Contact } from "../../../src/mesh/contact.ts";
import { readAnswer, writeQuestion } from "../../../src/mesh/discovery/messages.ts";
import { type Identity, newIdentity } from "../../../src/mesh/identity.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { placeOfService } from "../../../src/mesh/node_id.ts";
import { idOf, MINUTE, recordOf } from "./made.ts";
import { bring, finds, network } from "./network.ts";

const HOUR = 60 * MINUTE;
const YEAR = 365 * 24 * HOUR;

Deno.test("forged, stale, old and early records are refused by name, good ones of others are kept", async () => {
  using net = await network(2);
  const [{ directory }] = net.nodes;
  const signer = newIdentity();
  const now = net.clock.wallMs();
  const good = recordOf({ issuedMs: now, sequence: 5 }, signer);
  const forged = good.bytes.slice();
  forged[forged.length - 1] ^= 1;
  equal(bring(directory, { ...good, bytes: forged }), "forged");
  equal(bring(directory, good), "accepted");
  equal(bring(directory, good), "accepted");
  equal(bring(directory, recordOf({ issuedMs: now, sequence: 4 }, signer)), "stale");
  equal(bring(directory, recordOf({ issuedMs: now + 5 * MINUTE + 1, sequence: 6 }, signer)), "future");
  equal(bring(directory, recordOf({ issuedMs: now + 5 * MINUTE, sequence: 6 }, signer)), "accepted");
  equal(bring(directory, recordOf({ issuedMs: now - 31 * MINUTE, sequence: 7 }, signer)), "expired");
  equal(bring(directory, { ...good, bytes: good.bytes.slice(1) }), "malformed");
  equal(directory.records, 1);
});

Deno.test("a withdrawal can't be undone by playing an older record again", async () => {
  using net = await network(2);
  const [{ directory }] = net.nodes;
  const signer = newIdentity();
  const issuedMs = net.clock.wallMs();
  const lifetime = { issuedMs, expiresMs: issuedMs + 2 * HOUR };
  const record = recordOf({ ...lifetime, sequence: 1 }, signer);
  equal(bring(directory, record), "accepted");
  equal(bring(directory, recordOf({ issuedMs, sequence: 2, isWithdrawn: true }, signer)), "accepted");
  for (let minutes = 0; minutes < 150; minutes += 10) {
    notEqual(bring(directory, record), "accepted", `after ${minutes} min`);
    await net.clock.pass(10 * MINUTE);
  }
  deepEqual(directory.providersKnown("resize"), []);
});

Deno.test("a stranger can bring only so many records", async () => {
  using net = await network(2);
  const [{ directory }] = net.nodes;
  const issuedMs = net.clock.wallMs();
  let signer: Identity = newIdentity();
  const verdicts = new Map<string, number>();
  for (let i = 0; i < meshLimits.recordsBrought + 100; i++) {
    if (i % 700 === 699) signer = newIdentity();
    const verdict = bring(directory, recordOf({ service: `s${i}`, issuedMs }, signer));
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  }
  deepEqual([...verdicts], [["accepted", meshLimits.recordsBrought], ["tooOften", 100]]);
  equal(bring(directory, recordOf({ issuedMs }), idOf(2)), "accepted");
});

Deno.test("garbage is answered, not thrown at whoever passes it on", async () => {
  using net = await network(2);
  for (let length = 0; length < 100; length++) {
    const garbage = new Uint8Array(length).fill(length);
    const { answer } = readAnswer(net.nodes[0].directory.answer({ id: idOf(1) }, garbage), net.book);
    ok(["unknown", "ping", "addProvider"].includes(answer.type), answer.type);
  }
});

Deno.test("records of a service with many providers are a random part of them, as much as one answer holds", async () => {
  using net = await network(2);
  const [{ directory }] = net.nodes;
  const issuedMs = net.clock.wallMs();
  for (let i = 0; i < 500; i++) equal(bring(directory, recordOf({ issuedMs })), "accepted");
  const ask = () => directory.answer({ id: idOf(1) }, writeQuestion({ type: "findProviders", service: "resize" }));
  const seen = new Set<string>();
  for (let i = 0; i < 30; i++) {
    const { answer } = readAnswer(ask(), net.book);
    ok(answer.type === "findProviders" && answer.records.length > 100 && answer.records.length < 400);
    for (const record of answer.records) seen.add(String(record));
  }
  equal(seen.size, 500);
});

Deno.test("who asks is not named to itself, and who can't be dialled is named to nobody", async () => {
  using net = await network(10);
  const [{ directory }, other] = net.nodes;
  const ask = (id: string, contact?: Contact) => {
    const question = writeQuestion({ type: "findNode", place: placeOfService("x") });
    const { answer } = readAnswer(directory.answer({ id, contact }, question), net.book);
    return answer.type === "findNode" ? answer.peers.map(({ id }) => id) : [];
  };
  ok(!ask(other.contact.id).includes(other.contact.id));
  ok(ask(idOf(1)).includes(other.contact.id));
  const before = directory.nodes;
  ask(idOf(2)); // behind NAT
  ask(idOf(3), { id: idOf(3), addresses: [] });
  ask(idOf(4), { id: idOf(5), addresses: ["tcp://10.0.0.1:1"] }); // somebody else's
  equal(directory.nodes, before);
});

Deno.test("a clock that jumps by a year loses no record, keeps none for ever, and lets new ones in", async () => {
  for (const jumpMs of [YEAR, -YEAR]) {
    using net = await network(40);
    const [provider, gone, caller] = net.nodes.slice(5);
    for (const { directory, reach } of [provider, gone]) await net.clock.until(directory.announce("resize", "", reach));
    net.kill(gone);
    const jumping = net.nodes.filter((_, i) => i % 8 === 0);
    for (const node of [...jumping, provider, caller]) node.clock.aheadMs = jumpMs;
    equal((await finds(net, caller, "resize")).length, 2);
    await net.clock.pass(HOUR);
    deepEqual((await finds(net, caller, "resize")).map(({ reach }) => reach.id), [provider.contact.id]);
    for (const node of jumping) equal((await finds(net, node, "resize")).length, 1);
    const added = await net.clock.until(provider.directory.announce("other", "", provider.reach));
    ok(added >= 12, `${added} keep it`);
    equal((await finds(net, caller, "other")).length, 1);
  }
});

Deno.test("a machine that was never told the time offers and finds all the same", async () => {
  using net = await network(30);
  const node = net.add();
  node.clock.aheadMs = -30 * YEAR;
  await net.clock.until(node.directory.join([net.nodes[0].contact]));
  ok(await net.clock.until(node.directory.announce("resize", "", node.reach)) >= 15);
  equal((await finds(net, net.nodes[9], "resize")).length, 1);
  await net.clock.until(net.nodes[4].directory.announce("web", "", net.nodes[4].reach));
  equal((await finds(net, node, "web")).length, 1);
});

Deno.test("a node that was ahead of its time in an earlier life is believed in this one", async () => {
  using net = await network(30);
  const signer = newIdentity();
  const host = "203.0.113.9";
  const before = net.add(signer, host);
  const issuedMs = net.clock.wallMs();
  // Made by a clock that is two minutes ahead.
  const early = { service: "resize", version: "", sequence: issuedMs + 2 * MINUTE, issuedMs, reach: before.reach };
  for (const { directory } of net.nodes) if (directory !== before.directory) bring(directory, recordOf(early, signer));
  net.kill(before);
  const again = net.add(signer, host);
  await net.clock.until(again.directory.join([net.nodes[0].contact]));
  const relays = [net.nodes[1].contact];
  equal(await net.clock.until(again.directory.announce("resize", "", { ...again.reach, relays })), 16);
  await finds(net, net.nodes[12], "resize"); // it may have the old one, and looks behind that
  await net.clock.pass(5000);
  deepEqual((await finds(net, net.nodes[12], "resize")).map(({ reach }) => reach.relays), [relays]);
});
