/** Ways to a node that another one passes on. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { MeshError } from "../../../src/mesh/mesh_error.ts";
import { Connector } from "../../../src/mesh/node/connector.ts";
import { DialPolicy } from "../../../src/mesh/node/dial_policy.ts";
import type { Greeter } from "../../../src/mesh/node/greeter.ts";
import type { Held } from "../../../src/mesh/node/session_table.ts";
import type { Session } from "../../../src/mesh/session/session.ts";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { ManualClock, settle } from "../../support/mesh/manual_clock.ts";

const reach = { id: "anna", addresses: ["tcp://10.0.0.1:9000", "tcp://10.0.0.2:9000"], relays: [] };
const nobody = new MeshError("unreachable", "nobody");

class Fixture {
  readonly clock = new ManualClock();
  readonly dialled: string[] = [];
  /** The session that is there. */
  held: Held | undefined;
  /** Whether somebody is at an address; undefined where nothing answers. */
  readonly there = new Map<string, boolean>();
  readonly connector = new Connector({
    own: "me",
    clock: this.clock,
    signal: AbortSignal.any([]),
    policy: new DialPolicy(),
    transport: {
      dial: (address) => this.#dial(address),
      listen: () => Promise.reject(new Error("It does not listen")),
    },
    greeter: { greet: () => Promise.resolve({ remote: "anna" }) } as unknown as Greeter,
    isOwn: () => false,
    heldOf: () => this.held,
    heldAt: () => undefined,
    begin: (_link, _greeted, how) => sessionOf(how.dialledAt ?? "relayed"),
  });

  passOn(): void {
    const how = { relayedBy: "between", dialledAt: undefined };
    const state = { contact: undefined, isKept: false, isLeaving: false };
    this.held = { session: sessionOf("relayed"), ...how, ...state };
  }

  #dial(address: string): Promise<Link> {
    this.dialled.push(address);
    const isThere = this.there.get(address);
    if (isThere === undefined) return new Promise(() => {});
    return isThere ? Promise.resolve({ remoteHost: undefined } as Link) : Promise.reject(nobody);
  }
}

/** As much of a session as matters here. */
function sessionOf(name: string): Session {
  return { remoteHost: name } as Session;
}

Deno.test("a session that is passed on is used at once, while its node is dialled behind that, and not often in vain", async () => {
  const fixture = new Fixture();
  fixture.passOn();
  for (const address of reach.addresses) fixture.there.set(address, false);
  for (let i = 0; i < 5; i++) {
    equal((fixture.connector.session(reach) as Session).remoteHost, "relayed");
    await settle();
  }
  deepEqual(fixture.dialled, reach.addresses);
  fixture.clock.pass(meshLimits.directAgainMs);
  fixture.connector.session(reach);
  await settle();
  equal(fixture.dialled.length, 4);
  fixture.connector.session({ ...reach, addresses: [] });
  await settle();
  equal(fixture.dialled.length, 4);
});

Deno.test("the first address that answers is taken, and all who ask meanwhile get the same", async () => {
  const fixture = new Fixture();
  fixture.there.set(reach.addresses[1], true);
  const asked = [fixture.connector.session(reach), fixture.connector.session(reach)];
  await settle();
  deepEqual(fixture.dialled, [reach.addresses[0]]);
  fixture.clock.pass(meshLimits.nextAddressMs);
  const [one, other] = await Promise.all(asked);
  equal(one, other);
  equal(one.remoteHost, reach.addresses[1]);
});

Deno.test("a node that is nowhere fails at once, and one that is this node itself", async () => {
  const fixture = new Fixture();
  await rejects(async () => await fixture.connector.session({ ...reach, addresses: [] }), MeshError);
  await rejects(async () => await fixture.connector.session({ ...reach, id: "me" }), MeshError);
  for (const address of reach.addresses) fixture.there.set(address, false);
  await rejects(async () => await fixture.connector.session(reach), /nobody/);
  fixture.there.set(reach.addresses[0], true);
  equal((await fixture.connector.session(reach)).remoteHost, reach.addresses[0]);
});
