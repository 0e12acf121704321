/** What is dialled of what others write. */

import { deepEqual, equal } from "node:assert/strict";
import { DialPolicy } from "../../../src/mesh/node/dial_policy.ts";

function allowed(named: readonly string[], addresses: readonly string[]): readonly (string | undefined)[] {
  const policy = new DialPolicy();
  policy.trust(named);
  return addresses.map((address) => policy.allowed(address));
}

const FAR = ["tcp://0.0.0.0:9000", "tcp://gateway.example:9000"];

Deno.test("this machine is knocked at only where the mesh is on it, however it is written", () => {
  const here = ["tcp://127.0.0.1:1", "tcp://0x7f000001:1", "tcp://localhost:1", "tcp://LOCALHOST.:1", "tcp://[::1]:1"];
  const more = ["tcp://[::ffff:127.0.0.1]:1", "tcp://db.localhost:1", "ws://127.0.0.1:1/mesh"];
  deepEqual(allowed(FAR, [...here, ...more]), [...here, ...more].map(() => undefined));
  deepEqual(allowed(["tcp://127.0.0.1:9000"], ["tcp://127.0.0.1:1", "tcp://0x7f000001:1"]), [
    ...["tcp://127.0.0.1:1", "tcp://127.0.0.1:1"],
  ]);
});

Deno.test("no address of many machines, and none that is no address, is dialled", () => {
  const none = ["tcp://224.0.0.1:1", "tcp://255.255.255.255:1", "tcp://0.0.0.0:1", "tcp://[ff02::1]:1", "tcp://[::]:1"];
  deepEqual(allowed(FAR, [...none, "tcp://h:0", "http://h:1", "nonsense"]).every((text) => text === undefined), true);
});

Deno.test("of what others tell, web addresses are dialled at the paths of nodes alone", () => {
  deepEqual(
    allowed(FAR, ["wss://h/mesh", "ws://h:81/", "ws://h/admin", "wss://h/mesh?now=1", "ws://h/mesh/../admin"]),
    [
      ...["wss://h:443/mesh", "ws://h:81/", undefined, undefined, undefined],
    ],
  );
  deepEqual(allowed(["wss://h:443/a/path"], ["wss://h:443/a/path"]), ["wss://h:443/a/path"]);
});

Deno.test("a name that leads to this machine is let go of", () => {
  const policy = new DialPolicy();
  policy.trust(FAR);
  equal(policy.mayStay("tcp://evil.example:1", "127.0.0.1"), false);
  equal(policy.mayStay("tcp://evil.example:1", "::ffff:127.0.0.1"), false);
  equal(policy.mayStay("tcp://good.example:1", "192.0.2.7"), true);
});
