/** Which instance has the next request. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { limits } from "../../src/limits.ts";
import { Balance } from "../../src/registry/balance.ts";
import type { Service } from "../../src/registry/service.ts";
import { randomFrom } from "../support/random.ts";

function service(id: string): Service {
  return { id, role: "web", host: "127.0.0.1", port: 1 };
}

Deno.test("of two instances the one with fewer requests under way has the next", () => {
  const balance = new Balance({ random: () => 0 });
  const services = [service("a"), service("b"), service("c")];
  equal(balance.pick(services, 0)?.id, "a");
  balance.begin("a");
  equal(balance.pick(services, 0)?.id, "b");
  balance.begin("b");
  balance.begin("b");
  equal(balance.pick(services, 0)?.id, "a");
  balance.end("b");
  balance.end("b");
  equal(balance.pick(services, 0)?.id, "b");
  equal(balance.pick([], 0), undefined);
});

Deno.test("requests that stay under way are spread evenly", () => {
  const random = randomFrom(7);
  const balance = new Balance({ random: () => random(1 << 30) / (1 << 30) });
  const services = Array.from({ length: 10 }, (_, i) => service(String(i)));
  for (let i = 0; i < 1000; i++) balance.begin(balance.pick(services, 0)!.id);
  const counts = services.map(({ id }) => balance.underWay(id));
  ok(Math.max(...counts) - Math.min(...counts) <= 6, counts.join(" "));
  for (const { id } of services) for (let i = balance.underWay(id); i > 0; i--) balance.end(id);
  deepEqual(services.map(({ id }) => balance.underWay(id)), Array(10).fill(0));
});

Deno.test("an instance that could not be reached is passed over for a while, unless there are no others", () => {
  const balance = new Balance({ random: () => 0, avoidMs: 100 });
  const [a, b] = [service("a"), service("b")];
  balance.avoid("a", 0);
  equal(balance.pick([a, b], 99)?.id, "b");
  equal(balance.pick([a], 99)?.id, "a");
  equal(balance.pick([a, b], 100)?.id, "a");
  balance.avoid("a", 200);
  balance.avoid("b", 200);
  equal(balance.pick([a, b], 250)?.id, "a");
});

Deno.test("only so many that could not be reached are remembered", () => {
  const balance = new Balance({ random: () => 0, avoidMs: 100 });
  for (let i = 0; i <= limits.routeAvoided; i++) balance.avoid(String(i), 0);
  const pair = (id: string) => [service(id), service("other")];
  equal(balance.pick(pair("0"), 1)?.id, "0");
  equal(balance.pick(pair("1"), 1)?.id, "other");
});
