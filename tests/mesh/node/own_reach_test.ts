/** What a node believes of how it is reached. */

import { deepEqual, equal } from "node:assert/strict";
import type { Contact } from "../../../src/mesh/contact.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { OwnReach } from "../../../src/mesh/node/own_reach.ts";
import { ManualClock } from "../../support/mesh/manual_clock.ts";

const relay = (id: string): Contact => ({ id, addresses: [`tcp://${id}:9000`] });

class Fixture {
  readonly clock = new ManualClock();
  hosts = ["127.0.0.1", "10.1.2.3", "fd00::7"];
  changes = 0;
  readonly reach = new OwnReach({
    own: "me",
    clock: this.clock,
    ownHosts: () => this.hosts,
    onChange: () => this.changes++,
  });

  constructor(...claims: string[]) {
    this.reach.claim(claims);
  }

  get addresses(): readonly string[] {
    return this.reach.reach.addresses;
  }
}

Deno.test("an address that was claimed is told once somebody has found it there", () => {
  const fixture = new Fixture("tcp://1.2.3.4:9000");
  deepEqual(fixture.addresses, []);
  fixture.reach.found("tcp://1.2.3.4:9000", undefined);
  fixture.reach.found("tcp://1.2.3.4:9000", undefined);
  deepEqual(fixture.addresses, ["tcp://1.2.3.4:9000"]);
  equal(fixture.changes, 1);
});

Deno.test("one that was not is not, whoever says so", () => {
  const fixture = new Fixture("tcp://0.0.0.0:9000", "tcp://1.2.3.4:9000");
  fixture.reach.found("tcp://6.6.6.6:9000", "5.5.5.5");
  fixture.reach.found("tcp://5.5.5.5:9001", "5.5.5.5");
  fixture.reach.found("tcp://0.0.0.0:9000", "0.0.0.0");
  fixture.reach.reachedAt("tcp://6.6.6.6:9000", true);
  fixture.reach.reachedAt("tcp://1.2.3.4:9001", true);
  fixture.reach.reachedAt("tcp://0.0.0.0:9000", true);
  fixture.reach.reachedAt("no address", true);
  deepEqual(fixture.addresses, []);
});

Deno.test("where it listens at all hosts, it is found where whoever has found it sees it", () => {
  const fixture = new Fixture("tcp://0.0.0.0:9000", "tcp://[::]:9001");
  fixture.reach.found("tcp://5.5.5.5:9000", "5.5.5.5");
  fixture.reach.found("tcp://[2001:db8::1]:9001", "2001:db8::1");
  deepEqual(fixture.addresses, ["tcp://5.5.5.5:9000", "tcp://[2001:db8::1]:9001"]);
});

Deno.test("that somebody has reached it is believed of a claim, and of the machine's own addresses", () => {
  const fixture = new Fixture("tcp://0.0.0.0:9000", "wss://mesh.example:443/");
  fixture.reach.reachedAt("tcp://10.1.2.3:9000", false);
  fixture.reach.reachedAt("tcp://10.1.2.3:9001", false);
  fixture.reach.reachedAt("tcp://10.9.9.9:9000", false);
  fixture.reach.reachedAt("wss://mesh.example:443/", false);
  deepEqual(fixture.addresses, ["tcp://10.1.2.3:9000", "wss://mesh.example:443/"]);
});

Deno.test("of loopback only by those who are on this machine, and it is told last", () => {
  const fixture = new Fixture("tcp://0.0.0.0:9000");
  fixture.reach.reachedAt("tcp://127.0.0.1:9000", false);
  deepEqual(fixture.addresses, []);
  fixture.reach.reachedAt("tcp://127.0.0.1:9000", true);
  fixture.reach.reachedAt("tcp://10.1.2.3:9000", false);
  deepEqual(fixture.addresses, ["tcp://10.1.2.3:9000", "tcp://127.0.0.1:9000"]);
});

Deno.test("an address at which nobody has found it for long is told no more", () => {
  const fixture = new Fixture("tcp://1.1.1.1:1", "tcp://2.2.2.2:2");
  fixture.reach.found("tcp://1.1.1.1:1", undefined);
  fixture.reach.found("tcp://2.2.2.2:2", undefined);
  fixture.clock.pass(meshLimits.provenMs - 1000);
  fixture.reach.found("tcp://2.2.2.2:2", undefined);
  fixture.clock.pass(2000);
  fixture.reach.forgetOld();
  deepEqual(fixture.addresses, ["tcp://2.2.2.2:2"]);
  equal(fixture.changes, 3);
});

Deno.test("a machine that has moved to another network is not where it was", () => {
  const fixture = new Fixture("tcp://0.0.0.0:9000", "tcp://home.example:9000");
  fixture.reach.seenAt("tcp://join:1", "5.5.5.5");
  fixture.reach.found("tcp://5.5.5.5:9000", "5.5.5.5");
  fixture.reach.found("tcp://home.example:9000", "5.5.5.5");
  fixture.reach.seenAt("tcp://other:1", "192.168.1.7");
  fixture.reach.seenAt("tcp://join:1", "5.5.5.5");
  equal(fixture.addresses.length, 2);
  fixture.reach.seenAt("tcp://join:1", "7.7.7.7");
  deepEqual(fixture.addresses, ["tcp://home.example:9000"]);
});

Deno.test("no more addresses and relays are told than a record has room for", () => {
  const claims = Array.from({ length: 12 }, (_, i) => `tcp://1.1.1.${i}:1`);
  const fixture = new Fixture(...claims);
  for (const claim of claims) fixture.reach.found(claim, undefined);
  for (let i = 0; i < 9; i++) fixture.reach.joined(relay(`relay${i}`));
  equal(fixture.addresses.length, meshLimits.addresses);
  equal(fixture.reach.reach.relays.length, meshLimits.relays);
  fixture.reach.parted("relay0");
  deepEqual(fixture.reach.reach.relays.map(({ id }) => id), ["relay1", "relay2", "relay3", "relay4"]);
});

Deno.test("a node by which it has joined twice passes on until both are lost", () => {
  const fixture = new Fixture();
  fixture.reach.joined(relay("a"));
  fixture.reach.joined(relay("a"));
  fixture.reach.parted("a");
  equal(fixture.reach.reach.relays.length, 1);
  fixture.reach.parted("a");
  fixture.reach.parted("a");
  equal(fixture.reach.reach.relays.length, 0);
  equal(fixture.changes, 2);
});
