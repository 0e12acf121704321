/** Addresses that others claim. */

import { deepEqual, equal } from "node:assert/strict";
import { hostOf } from "../../../src/mesh/contact.ts";
import { isUnspecified, isWorthALook, seenFrom } from "../../../src/mesh/node/claims.ts";
import { isNear } from "../../../src/mesh/node/near.ts";

Deno.test("an address at no host of its own is dialled where its node is seen", () => {
  equal(seenFrom("tcp://0.0.0.0:9000", "1.2.3.4"), "tcp://1.2.3.4:9000");
  equal(seenFrom("ws://[::]:80/mesh", "2001:db8::1"), "ws://[2001:db8::1]:80/mesh");
  equal(seenFrom("tcp://0.0.0.0:9000", undefined), undefined);
  equal(seenFrom("tcp://5.6.7.8:9000", "1.2.3.4"), "tcp://5.6.7.8:9000");
  deepEqual(["tcp://0.0.0.0:1", "tcp://[::]:1", "tcp://[::1]:1", "tcp://0.0.0.0.example:1"].map(isUnspecified), [
    ...[true, true],
    ...[false, false],
  ]);
});

Deno.test("hosts are read as they are written", () => {
  equal(hostOf("tcp://[2001:db8::1]:9000"), "2001:db8::1");
  equal(hostOf("wss://mesh.example:443/path"), "mesh.example");
  equal(hostOf("nonsense"), "");
});

Deno.test("whoever comes from the Internet has nobody knock at doors of a private network", () => {
  for (const inside of ["10.0.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "[fd00::1]", "[::1]"]) {
    equal(isWorthALook(`tcp://${inside}:22`, "8.8.8.8"), false, inside);
  }
  for (const there of ["8.8.8.8", "9.9.9.9", "mesh.example", "[2001:db8::1]"]) {
    equal(isWorthALook(`tcp://${there}:9000`, "8.8.8.8"), true, there);
  }
});

Deno.test("whoever is in it may be at several of its addresses, and on this machine only from here", () => {
  equal(isWorthALook("tcp://192.168.1.9:9000", "10.0.0.1"), true);
  equal(isWorthALook("tcp://127.0.0.1:9000", "10.0.0.1"), false);
  equal(isWorthALook("tcp://127.0.0.1:9000", "127.0.0.1"), true);
  equal(isWorthALook("tcp://10.0.0.1:9000", "127.0.0.1"), true);
  equal(isWorthALook("tcp://10.0.0.1:9000", undefined), true);
});

Deno.test("a provider is near at an address of this machine, or where all that is told of it is loopback", () => {
  const own = ["127.0.0.1", "10.1.1.1"];
  const reach = (...addresses: string[]) => ({ id: "", addresses, relays: [] });
  equal(isNear(reach("tcp://10.1.1.1:9000"), own), true);
  equal(isNear(reach("tcp://127.0.0.1:9000"), own), true);
  equal(isNear(reach("tcp://10.1.1.2:9000", "tcp://127.0.0.1:9000"), own), false);
  const relays = [{ id: "", addresses: ["tcp://10.1.1.3:9000"] }];
  equal(isNear({ ...reach("tcp://127.0.0.1:9000"), relays }, own), false);
  equal(isNear(reach(), own), false);
});
