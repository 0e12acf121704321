/** How many connections there may be, in all and of one owner. */

import { equal, ok } from "node:assert/strict";
import { LinkPlaces } from "../../../src/mesh/transport/link_places.ts";

Deno.test("one host has so many connections and no more, until one of them ends", () => {
  const places = new LinkPlaces(100, 2);
  const leave = places.take("192.0.2.1")!;
  ok(places.take("192.0.2.1"));
  equal(places.take("192.0.2.1"), undefined);
  ok(places.take("192.0.2.2"));
  leave();
  ok(places.take("192.0.2.1"));
  equal(places.take("192.0.2.1"), undefined);
});

Deno.test("a /64 of IPv6 counts as one host, because its owner has all of it", () => {
  const places = new LinkPlaces(100, 2);
  ok(places.take("2001:db8::1"));
  ok(places.take("2001:db8:0:0:ffff::2"));
  equal(places.take("2001:db8:0:0:1:2:3:4"), undefined);
  ok(places.take("2001:db8:0:1::1"));
});

Deno.test("loopback has any number of connections, as far as there are places at all", () => {
  const places = new LinkPlaces(5, 1);
  for (const host of ["127.0.0.1", "127.0.0.1", "::1", "::1", "127.0.0.2"]) ok(places.take(host));
  equal(places.take("127.0.0.1"), undefined);
});
