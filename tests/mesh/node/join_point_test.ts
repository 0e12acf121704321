/** Joining: by one address, and by several. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Contact } from "../../../src/mesh/contact.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { MeshError } from "../../../src/mesh/mesh_error.ts";
import { Joining } from "../../../src/mesh/node/joining.ts";
import type { Joined } from "../../../src/mesh/node/peers.ts";
import type { Session } from "../../../src/mesh/session/session.ts";
import { ManualClock, settle } from "../../support/mesh/manual_clock.ts";

/** A node that joins, and what it comes upon. */
class Fixture {
  readonly clock = new ManualClock();
  /** Each time something was dialled: when, and where. */
  readonly dialled: [ms: number, address: string][] = [];
  readonly told: string[] = [];
  contacts: readonly Contact[] = [];
  /** Who is at an address; an error when nobody is, undefined when nothing answers. */
  readonly there = new Map<string, string | Error>();
  readonly #ends = new Map<string, () => void>();
  readonly joining = new Joining({
    clock: this.clock,
    random: () => 1,
    dial: (address) => this.#dial(address),
    joined: (contact, contacts) => {
      this.told.push(`joined ${contact.id}`);
      this.contacts = contacts;
    },
    lost: ({ id }) => this.told.push(`lost ${id}`),
    failed: (address, error) => this.told.push(`${address}: ${error.message}`),
  });

  /** The session with a node breaks. */
  async break(id: string): Promise<void> {
    this.#ends.get(id)!();
    await settle();
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      this.clock.pass(50);
      await settle();
    }
  }

  #dial(address: string): Promise<Joined> {
    this.dialled.push([this.clock.nowMs(), address]);
    const who = this.there.get(address);
    if (who instanceof Error) return Promise.reject(who);
    if (who === undefined) return new Promise(() => {});
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    this.#ends.set(who, resolve);
    return Promise.resolve({ session: { remote: who, closed } as Session, isRelay: true });
  }
}

const nobody = new MeshError("unreachable", "nobody");
const self = new MeshError("self", "it is me");

Deno.test("a join point that is down is dialled again, less and less often, and joined when it is there", async () => {
  const fixture = new Fixture();
  fixture.there.set("a", nobody);
  fixture.joining.begin(["a"]);
  await rejects(fixture.joining.done(), /nobody/);
  await fixture.pass(60_000);
  const pauses = fixture.dialled.slice(1).map(([ms], i) => ms - fixture.dialled[i][0]);
  deepEqual(pauses.slice(0, 6), [250, 500, 1000, 2000, 4000, 8000]);
  ok(pauses.slice(6).every((ms) => ms === meshLimits.joinBackoffMsMax));
  fixture.there.set("a", "anna");
  await fixture.pass(meshLimits.joinBackoffMsMax);
  equal(fixture.told.at(-1), "joined anna");
  const { length } = fixture.dialled;
  await fixture.pass(60_000);
  equal(fixture.dialled.length, length);
});

Deno.test("one that is lost is dialled again soon, and who is there now may be somebody else", async () => {
  const fixture = new Fixture();
  fixture.there.set("a", "anna");
  fixture.joining.begin(["a"]);
  await fixture.joining.done();
  await fixture.pass(meshLimits.joinSettledMs);
  fixture.there.set("a", "bert");
  await fixture.break("anna");
  await fixture.pass(meshLimits.joinBackoffMs);
  deepEqual(fixture.told, ["joined anna", "lost anna", "a: The connection broke", "joined bert"]);
  deepEqual(fixture.contacts.map(({ id }) => id), ["bert"]);
});

Deno.test("one that breaks off each time is not dialled at once each time", async () => {
  const fixture = new Fixture();
  fixture.there.set("a", "anna");
  fixture.joining.begin(["a"]);
  await settle();
  for (let i = 0; i < 12; i++) {
    await fixture.break("anna");
    await fixture.pass(meshLimits.joinBackoffMsMax / 2);
  }
  ok(fixture.dialled.length <= 9, String(fixture.dialled.length));
});

Deno.test("the directory is told of all join points that are there", async () => {
  const fixture = new Fixture();
  for (const [address, who] of [["a", "anna"], ["b", nobody], ["c", "carl"]] as const) fixture.there.set(address, who);
  fixture.joining.begin(["a", "b", "c", "a"]);
  await fixture.joining.done();
  await settle();
  deepEqual(fixture.contacts.map(({ id }) => id), ["anna", "carl"]);
  await fixture.break("anna");
  await fixture.pass(50);
  fixture.there.set("b", "bert");
  await fixture.pass(1000);
  deepEqual(fixture.contacts.map(({ id }) => id), ["carl", "bert", "anna"]);
});

Deno.test("its own address in the list is no join point, no failure, and looked at seldom", async () => {
  const fixture = new Fixture();
  fixture.there.set("me", self);
  fixture.joining.begin(["me"]);
  await fixture.joining.done();
  await fixture.pass(meshLimits.joinSelfMs + 50);
  deepEqual(fixture.told, []);
  equal(fixture.dialled.length, 2);
});

Deno.test("of its own address and one where nobody is, the latter is told", async () => {
  const fixture = new Fixture();
  fixture.there.set("me", self);
  fixture.there.set("a", nobody);
  fixture.joining.begin(["me", "a"]);
  await rejects(fixture.joining.done(), /nobody/);
});

Deno.test("a start waits for no join point that says nothing, nor for others once one has answered", async () => {
  const fixture = new Fixture();
  fixture.joining.begin(["silent"]);
  const late = rejects(fixture.joining.done(), /No join point has answered yet/);
  await fixture.pass(meshLimits.joinFirstMs);
  await late;
  fixture.there.set("a", "anna");
  fixture.joining.begin(["a"]);
  await fixture.joining.done();
});

Deno.test("nothing is dialled any more once it is closed", async () => {
  const fixture = new Fixture();
  fixture.there.set("a", nobody);
  fixture.there.set("b", "bert");
  fixture.joining.begin(["a", "b", "silent"]);
  await settle();
  fixture.joining.close();
  await fixture.break("bert");
  const { length } = fixture.dialled;
  await fixture.pass(60_000);
  equal(fixture.dialled.length, length);
  equal(fixture.clock.pending, 0);
});
