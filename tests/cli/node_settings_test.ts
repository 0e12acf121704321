/** What `sluice node` makes of its arguments. */

import { deepEqual, throws } from "node:assert/strict";
import { newIdentity } from "../../src/mesh/identity.ts";
import { type NodeFlags, parseOfferings, settleNode } from "../../src/cli/mesh/node_settings.ts";

const flags = (some: Partial<NodeFlags>) => ({ listen: ["9000"], ...some }) as NodeFlags;

Deno.test("settleNode() reads addresses: a port alone is of this machine", () => {
  const listen = ["9000", ":9001", "[::1]:9002", "tcp://localhost:9003"];
  const settings = settleNode([], flags({ listen, join: ["mesh.example:9000", "wss://mesh.example/node"] }));
  deepEqual(settings.listen, ["tcp://127.0.0.1:9000", "tcp://:9001", "tcp://[::1]:9002", "tcp://localhost:9003"]);
  deepEqual(settings.join, ["tcp://mesh.example:9000", "wss://mesh.example:443/node"]);
  deepEqual([settings.advertise, settings.allow, settings.flatend], [undefined, undefined, undefined]);
});

Deno.test("settleNode() warns of an address at which everybody could join", () => {
  const { id } = newIdentity();
  const open = (some: Partial<NodeFlags>) =>
    settleNode([], flags(some)).warnings.map((text) => /^Everybody who reaches (\S+) may/.exec(text)![1]);
  deepEqual(open({ listen: ["9000", "localhost:1", "[::1]:1", "127.0.0.2:1"] }), []);
  deepEqual(open({ listen: ["9000", "0.0.0.0:1"] }), ["tcp://0.0.0.0:1"]);
  deepEqual(open({ listen: [":1"] }), ["tcp://:1"]);
  deepEqual(open({ listen: ["192.0.2.1:1"] }), ["tcp://192.0.2.1:1"]);
  deepEqual(open({ listen: ["0.0.0.0:1"], networkKey: "file" }), []);
  deepEqual(open({ listen: ["0.0.0.0:1"], allow: [id] }), []);
  deepEqual(open({ listen: undefined, join: ["mesh.example:1"] }), []);
  deepEqual(open({ flatend: "0.0.0.0:1", networkKey: "file" }), ["tcp://0.0.0.0:1"], "keys do not count there");
  deepEqual(open({ flatend: "9001" }), []);
});

Deno.test("settleNode() takes a program with its arguments, and a URL as it is", () => {
  const services = ["shout@1.0.0=tr a-z 'A-Z'", "@acme/web=http://localhost:3000/a=b", "echo=printf 'a b' \"c=d\""];
  deepEqual(settleNode(parseOfferings(services), flags({})).offerings, [
    { offer: "shout@1.0.0", words: ["tr", "a-z", "A-Z"] },
    { offer: "@acme/web", words: ["http://localhost:3000/a=b"] },
    { offer: "echo", words: ["printf", "a b", "c=d"] },
  ]);
});

Deno.test("settleNode() takes a file whose name has spaces as one word", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sluice test " });
  const file = `${folder}/to upper.sh`;
  await Deno.writeTextFile(file, "tr a-z A-Z\n");
  deepEqual(settleNode(parseOfferings([`up=${file}`]), flags({})).offerings, [{ offer: "up", words: [file] }]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("parseOfferings() guesses a name for a program that has none", () => {
  for (const [text, name] of [["./bin/Resize.py", "resize"], ["123", "name"], ["/opt/9-shout", "shout"]]) {
    throws(() => parseOfferings([text]), {
      name: "UsageError",
      message: `Cannot offer ${text}: every program needs a name, as in ${name}=${text}`,
    });
  }
});

Deno.test("settleNode() refuses what can't be, and says what to do", () => {
  const wrong: [services: string[], some: Partial<NodeFlags>, message: RegExp][] = [
    [["web=cat"], { listen: undefined }, /name whom to join with --join HOST:PORT, or where others reach this node/],
    [[], { listen: ["here"] }, /^Cannot listen on "here": an address is HOST:PORT/],
    [[], { listen: ["127.0.0.1:70000"] }, /^Cannot listen on /],
    [[], { join: ["9000"] }, /^Cannot reach a node at "9000"/],
    [[], { join: ["127.0.0.1:0"] }, /port 0 is any port/],
    [[], { advertise: ["0.0.0.0:9000"] }, /it names no host/],
    [[], { flatend: "ws://127.0.0.1:1" }, /^Cannot listen on /],
    [[], { allow: ["me"] }, /^Cannot allow "me": the id of a node has 52 letters and digits/],
    [["=cat"], {}, /^Cannot /],
    [["web@one=cat"], {}, /^Cannot /],
    [["web@=cat"], {}, /^Cannot /],
    [["web="], {}, /^Cannot run "": it names no program/],
    [['web=tr "a'], {}, /A quote has no end/],
    [["web=cat", "web=tac"], {}, /^Cannot offer two programs as web/],
  ];
  for (const [services, some, message] of wrong) {
    throws(() => settleNode(parseOfferings(services), flags(some)), { name: "UsageError", message }, String(message));
  }
});
