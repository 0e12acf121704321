/** Which sessions are used, kept and ended. */

import { deepEqual, equal } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import type { MeshError } from "../../../src/mesh/mesh_error.ts";
import { SessionTable } from "../../../src/mesh/node/session_table.ts";
import type { Session } from "../../../src/mesh/session/session.ts";
import { ManualClock } from "../../support/mesh/manual_clock.ts";

type How = Parameters<SessionTable["add"]>[1];

/** As much of a session as the table sees. */
class Fake {
  isOpen = true;
  load = 0;
  usedMs: number;
  ended: "close" | MeshError | undefined;
  readonly remote: string;

  constructor(remote: string, usedMs = 0) {
    this.remote = remote;
    this.usedMs = usedMs;
  }

  get session(): Session {
    return this as unknown as Session;
  }

  close(): void {
    this.ended ??= "close";
    this.isOpen = false;
  }

  destroy(error: MeshError): void {
    this.ended ??= error;
    this.isOpen = false;
    this.onEnd(this.session);
  }

  onEnd: (session: Session) => void = () => {};
}

const direct: How = { relayedBy: undefined, dialledAt: undefined };
const relayed: How = { relayedBy: "between", dialledAt: undefined };

class Fixture {
  readonly clock = new ManualClock();
  readonly table = new SessionTable(this.clock);

  add(remote: string, how = direct, usedMs = this.clock.nowMs()) {
    const fake = new Fake(remote, usedMs);
    fake.onEnd = (session) => this.table.remove(session);
    return { fake, held: this.table.add(fake.session, how) };
  }
}

Deno.test("the latest session with a node is used, and rather one that nobody passes on", () => {
  const made = new Fixture();
  const first = made.add("a");
  equal(made.table.of("a"), first.held);
  const second = made.add("a");
  equal(made.table.of("a"), second.held);
  made.add("a", relayed);
  equal(made.table.of("a"), second.held);
  second.fake.isOpen = false;
  equal(made.table.of("a"), first.held);
  first.held!.isLeaving = true;
  equal(made.table.of("a")?.relayedBy, "between");
});

Deno.test("a question goes to a node at an address where it was found, and nowhere else", () => {
  const made = new Fixture();
  const { held } = made.add("a");
  equal(made.table.at({ id: "a", addresses: ["tcp://1:1"] }), undefined);
  held!.contact = { id: "a", addresses: ["tcp://1:1", "tcp://2:2"] };
  equal(made.table.at({ id: "a", addresses: ["tcp://3:3", "tcp://2:2"] }), held);
  equal(made.table.at({ id: "a", addresses: ["tcp://3:3"] }), undefined);
  equal(made.table.at({ id: "b", addresses: ["tcp://2:2"] }), undefined);
});

Deno.test("sessions that are idle for long end, unless they are kept or in use", () => {
  const made = new Fixture();
  const [idle, busy, kept] = [made.add("idle"), made.add("busy"), made.add("kept")];
  busy.fake.load = 1;
  equal(made.table.keep(kept.held!), true);
  made.clock.pass(meshLimits.sessionIdleMs / 2);
  const young = made.add("young");
  made.clock.pass(meshLimits.sessionIdleMs / 2 + 1);
  made.table.sweep();
  deepEqual([idle, busy, kept, young].map(({ fake }) => fake.ended), ["close", undefined, undefined, undefined]);
});

Deno.test("processes that share a key have sessions side by side, of which those in use stay", () => {
  const made = new Fixture();
  const all = Array.from({ length: meshLimits.sessionsOfNode }, (_, i) => made.add("a", direct, i));
  for (const { fake } of all) fake.load = 1;
  equal(made.add("a").held, undefined);
  all[1].fake.load = 0;
  equal(made.add("a").held === undefined, false);
  equal(made.table.size, meshLimits.sessionsOfNode);
  deepEqual(all.filter(({ fake }) => fake.ended !== undefined), [all[1]]);
});

Deno.test("there are no more sessions than there is room for: the one that was idle for longest makes it", () => {
  const made = new Fixture();
  const all = Array.from({ length: meshLimits.sessions }, (_, i) => made.add(`n${i}`, direct, i));
  all[0].fake.load = 1;
  const one = made.add("one more");
  equal(made.table.size, meshLimits.sessions);
  equal(one.fake.ended, undefined);
  deepEqual(all.flatMap(({ fake }, i) => fake.ended ? [i] : []), [1]);
  for (const { fake } of all) fake.load = 1;
  one.fake.load = 1;
  equal(made.add("too many").held, undefined);
  equal(made.table.size, meshLimits.sessions);
});

Deno.test("no more are kept than there is room for, and none that is passed on", () => {
  const made = new Fixture();
  equal(made.table.keep(made.add("far", relayed).held!), false);
  const all = Array.from({ length: meshLimits.sessionsKept }, (_, i) => made.add(`n${i}`));
  for (const { held } of all) equal(made.table.keep(held!), true);
  const { held } = made.add("one more");
  equal(made.table.keep(held!), false);
  equal(made.table.keep(all[0].held!), true);
  made.table.remove(all[0].fake.session);
  equal(made.table.keep(held!), true);
  equal(made.table.kept("one more"), held!.session);
  equal(made.table.kept("n0"), undefined);
});

Deno.test("a session is over once, however often that is told", () => {
  const made = new Fixture();
  const [one, other] = [made.add("a"), made.add("a")];
  equal(made.table.remove(one.fake.session), false);
  equal(made.table.remove(one.fake.session), false);
  equal(made.table.size, 1);
  equal(made.table.remove(other.fake.session), true);
  equal(made.table.size, 0);
});

Deno.test("what a node passes on that leaves comes to its end, and is not used any more", () => {
  const made = new Fixture();
  const between = made.add("between");
  const [passedOn, straight] = [made.add("a", relayed), made.add("b")];
  made.table.leave(between.held!);
  deepEqual([between, passedOn, straight].map(({ fake }) => fake.ended), [undefined, "close", undefined]);
  deepEqual(["between", "a", "b"].map((id) => made.table.of(id) !== undefined), [false, false, true]);
});
