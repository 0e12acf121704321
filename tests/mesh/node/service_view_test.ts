/** Who offers a service, as a caller sees it from one moment to the next. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { parsePattern } from "../../../src/mesh/choose/range.ts";
import type { ProviderRecord } from "../../../src/mesh/discovery/provider_record.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { isRemote, type LocalProvider, type RemoteProvider } from "../../../src/mesh/node/provider.ts";
import { ServiceView } from "../../../src/mesh/node/service_view.ts";
import { ManualClock } from "../../support/mesh/manual_clock.ts";

const any = parsePattern("a");

class Fixture {
  readonly clock = new ManualClock();
  records: ProviderRecord[] = [];
  own: LocalProvider[] = [];
  asked = 0;
  outdated = 0;
  readonly view = new ServiceView(
    "a",
    {
      known: () => {
        this.asked++;
        return this.records;
      },
      local: () => this.own,
      outdated: () => this.outdated++,
      isNear: ({ id }) => id === "near",
    },
    this.clock,
    { random: Math.random },
  );

  add(id: string, version = "", sequence = 0): void {
    const reach = { id, addresses: [], relays: [] };
    const times = { issuedMs: 0, expiresMs: 0, sequence, isWithdrawn: false };
    this.records.push({ service: "a", version, reach, ...times });
  }

  names(pattern = any): string[] {
    return this.view.providers(pattern).map((provider) => isRemote(provider) ? provider.reach.id : "own");
  }

  pass(): void {
    this.clock.pass(meshLimits.providersFreshMs);
  }
}

Deno.test("those are listed whose version matches, this node's own first", () => {
  const fixture = new Fixture();
  fixture.add("one", "1.0.0");
  fixture.add("two", "2.0.0");
  const own = { key: "me 1.1.0", service: "a", version: "1.1.0", isLocal: true, isGuest: false };
  fixture.own = [{ ...own, handler: () => new Response() }];
  deepEqual(fixture.names(), ["own", "one", "two"]);
  deepEqual(fixture.names(parsePattern("a@^1")), ["own", "one"]);
});

Deno.test("a list is made once for many calls, and anew a moment later", () => {
  const fixture = new Fixture();
  deepEqual(fixture.names(), []);
  fixture.add("one");
  deepEqual(fixture.names(), ["one"], "An empty list is not kept");
  const { asked } = fixture;
  fixture.add("two");
  for (let i = 0; i < 100; i++) deepEqual(fixture.names(), ["one"]);
  equal(fixture.asked, asked);
  fixture.pass();
  deepEqual(fixture.names(), ["one", "two"]);
  fixture.add("three");
  fixture.view.refresh();
  deepEqual(fixture.names(), ["one", "two", "three"]);
});

Deno.test("a provider stays one and the same from list to list", () => {
  const fixture = new Fixture();
  fixture.add("near", "1.0.0");
  const [before] = fixture.view.providers(any);
  fixture.pass();
  const [after] = fixture.view.providers(any);
  ok(before === after);
  equal(before.isLocal, true);
  equal(before.key, "near 1.0.0");
});

Deno.test("one that has said that it is gone is back when it tells anew, not before", () => {
  const fixture = new Fixture();
  fixture.add("one");
  fixture.add("two");
  fixture.view.gone(fixture.view.providers(any)[0] as RemoteProvider);
  deepEqual(fixture.names(), ["two"]);
  fixture.view.left("two");
  deepEqual(fixture.names(), []);
  equal(fixture.outdated, 2);
  fixture.add("one", "", 1);
  fixture.pass();
  deepEqual(fixture.names(), ["one"]);
});
