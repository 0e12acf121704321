/** What a file may say of the mesh, and what it may not. */

import { deepEqual } from "node:assert/strict";
import { makeConfigFolder } from "./config_folder.ts";

const ROUTE = `[[routes]]
path = "/"
service = ["resize@^1", "resize-old"]
`;

Deno.test("a service is one of the registry where there is one, and else one of the mesh", async () => {
  await using folder = await makeConfigFolder();
  const targetOf = (text: string) => folder.parse(text + ROUTE).servers[0].routes[0].target;
  deepEqual(targetOf("[mesh]\njoin = 'h:9000'\n"), { kind: "mesh", services: ["resize@^1", "resize-old"] });
  const both = "[registry]\nhubs = 'h:1'\n[mesh]\njoin = 'h:9000'\n";
  deepEqual(targetOf(both), { kind: "service", roles: ["resize@^1", "resize-old"], rewrite: undefined });
});

Deno.test("what is wrong with a mesh is told with its line and key", async () => {
  await using folder = await makeConfigFolder();
  const faults = (lines: string) => {
    return folder.faults(`[mesh]\n${lines}\n${ROUTE}`).map((line) => line.replace("gateway.toml:", ""));
  };
  deepEqual(faults("advertise = 'h:1'"), [
    "1: mesh: says neither where nodes reach the gateway, listen, nor by whom it joins, join",
  ]);
  deepEqual(faults("join = 'h:0'"), ["2: mesh.join: has port 0, at which nobody is"]);
  deepEqual(faults("join = 'h'"), ['2: mesh.join: is "h", which is no address such as "127.0.0.1:8080"']);
  deepEqual(faults("join = ['h:1', 'ws://']"), ['2: mesh.join[1]: is "ws://", which is no URL']);
  deepEqual(faults("listen = ':1'\nallow = ['ada']"), [
    '3: mesh.allow[0]: is "ada", which is no id of a node: they have 52 characters',
  ]);
  deepEqual(faults("listen = ':1'\nkey = 'nope.pem'"), ["3: mesh.key: names nope.pem, which is not there"]);
  const rewritten = `[mesh]\nlisten = ':1'\n[[routes]]\npath = '/'\nservice = 'a'\nrewrite = '/b'\n`;
  deepEqual(folder.faults(rewritten).map((line) => line.replace("gateway.toml:", "")), [
    "6: routes[0].rewrite: has no effect: the service is one of the mesh",
  ]);
});
