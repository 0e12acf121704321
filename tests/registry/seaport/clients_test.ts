/** The real npm seaport at a hub: it and our own clients find each other's services. */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Hub } from "../../../src/registry/hub/hub.ts";
import type { RegistryOptions } from "../../../src/registry/hub/hub_options.ts";
import { connect, next, seen, startHub } from "../../support/registry_hub.ts";
import { RawSeaport } from "../../support/raw_seaport.ts";
import { nodeTest } from "../../support/node_process.ts";
import { Seaport, startNode } from "../../support/seaport.ts";
import { until } from "../../support/within.ts";

function bridge(options: RegistryOptions = {}): Promise<Hub> {
  return startHub({ seaportPort: 0, ...options });
}

nodeTest("a service of a seaport client is found by hub, by our client and by other seaport clients", async () => {
  await using hub = await bridge();
  await using ours = await connect(hub);
  await using other = await Seaport.connect(hub.seaportPort);
  await using web = await Seaport.connect("127.0.0.1", hub.seaportPort);
  const port = await web.register("web@1.2.3", { color: "blue" });
  const [service] = await seen(ours, "web@1.2.x", (services) => services.length === 1);
  const { id } = service;
  const expected = { id, role: "web", version: "1.2.3", host: "127.0.0.1", port, color: "blue" };
  deepEqual({ ...service }, expected);
  deepEqual(hub.query("web@^1"), [expected]);
  deepEqual(await other.get("web@1.x"), [{ ...expected, heardFrom: hub.id }]);
  deepEqual(await web.query("web"), [expected]);
});

nodeTest("services of our clients are found by seaport clients, with and without versions", async () => {
  await using hub = await bridge();
  await using ours = await connect(hub);
  const plain = (await ours.register("cache", { zone: { name: "a" } })).service;
  const versioned = (await ours.register("web@2.0.0-rc.1", { port: 8080 })).service;
  await using client = await Seaport.connect(hub.seaportPort);
  await client.event("synced");
  deepEqual(await client.query("cache"), [{ ...plain, heardFrom: hub.id }]);
  deepEqual(await client.query("web@2.0.0-rc.1"), [{ ...versioned, heardFrom: hub.id }]);
  deepEqual(await client.query("web@1.x"), []);
  equal((await client.query()).length, 2);
});

nodeTest("get() of a seaport client waits for the first match of either kind", async () => {
  await using hub = await bridge();
  await using ours = await connect(hub);
  await using client = await Seaport.connect(hub.seaportPort);
  await client.event("connect");
  const web = client.get("web@1.x");
  await ours.register("web@2.0.0");
  const { id } = await ours.register("web@1.0.0");
  deepEqual((await web).map((service) => service.id), [id]);
  const cache = client.get("cache");
  await using other = await Seaport.connect(hub.seaportPort);
  const port = await other.register("cache");
  equal((await cache)[0].port, port);
});

nodeTest("what a seaport client frees is gone for everybody", async () => {
  await using hub = await bridge();
  await using other = await Seaport.connect(hub.seaportPort);
  await using web = await Seaport.connect(hub.seaportPort);
  const port = await web.register("web@1.2.3", { id: "web-1" });
  await other.event("register");
  const freed = next(hub, "free");
  await web.call("free", port);
  equal((await freed).id, "web-1");
  equal((await other.event("free")).id, "web-1");
  deepEqual(await other.query("web"), []);
  deepEqual(await web.query("web"), []);
});

nodeTest("what our client frees and changes is seen by seaport clients", async () => {
  await using hub = await bridge();
  await using ours = await connect(hub);
  await using client = await Seaport.connect(hub.seaportPort);
  await client.event("synced");
  const { id } = await ours.register("web@1.0.0", { load: 1, color: "blue" });
  await client.event("register");
  await ours.set(id, { load: 2, color: "blue" });
  await client.event("register", ({ load }) => load === 2);
  equal((await client.query("web"))[0].load, 2);
  await ours.set(id, { load: 2 }); // a row that says less: seaport clients know it already, as they see it
  await client.seen("web", ([service]) => service?.load === 2 && service.color === undefined);
  await ours.free(id);
  await client.event("free", (service) => service.id === id);
  await client.seen("web", (services) => services.length === 0);
});

nodeTest("a seaport client that registers its service again gives it other metadata", async () => {
  await using hub = await bridge();
  await using other = await Seaport.connect(hub.seaportPort);
  await using web = await Seaport.connect(hub.seaportPort);
  await web.register("web@1.0.0", { id: "a", port: 8000, load: 1 });
  await other.event("register");
  await web.register("web@1.0.0", { id: "a", port: 8000, load: 2 });
  await other.event("register", ({ load }) => load === 2);
  deepEqual(hub.query("web").map(({ id, load }) => [id, load]), [["a", 2]]);
});

nodeTest("what the hub changes of a seaport client's service, the client sees too", async () => {
  await using hub = await bridge();
  await using web = await Seaport.connect(hub.seaportPort);
  const registered = next(hub, "register");
  await web.register("web@1.0.0", { id: "a", load: 1, color: "blue" });
  await registered;
  hub.set("a", { load: 2 });
  await web.event("register");
  deepEqual((await web.query("web")).map(({ load, color, heardFrom }) => [load, color, heardFrom]), [
    [2, undefined, undefined],
  ]);
  equal(hub.query("web").length, 1);
});

nodeTest("the services of a seaport client that is killed are gone at once", async () => {
  await using hub = await bridge();
  await using other = await Seaport.connect(hub.seaportPort);
  await using ours = await connect(hub);
  await using web = await Seaport.connect(hub.seaportPort);
  for (let i = 0; i < 3; i++) await web.register("web@1.0.0", { id: `web-${i}` });
  await other.event("register", ({ id }) => id === "web-2");
  await seen(ours, "web", (services) => services.length === 3);
  const killed = performance.now();
  web.kill("SIGKILL");
  await seen(ours, "web", (services) => services.length === 0);
  ok(performance.now() - killed < 1000, "our client sees it at once");
  await other.event("free", ({ id }) => id === "web-2");
  deepEqual(await other.query("web"), []);
});

nodeTest("a seaport client that stands still is gone after the timeout, and is back when it goes on", async () => {
  await using hub = await bridge({ heartbeatMs: 100, timeoutMs: 600 });
  await using web = await Seaport.connect(hub.seaportPort, { heartbeat: 50 });
  const registered = next(hub, "register");
  await web.register("web@1.0.0", { id: "a" });
  await registered;
  const timeout = next(hub, "timeout");
  const gone = next(hub, "free");
  const back = next(hub, "register");
  web.kill("SIGSTOP");
  equal((await timeout).kind, "client");
  equal((await gone).id, "a");
  web.kill("SIGCONT");
  equal((await back).id, "a");
});

nodeTest("a seaport client that gives signs of life stays", async () => {
  await using hub = await bridge({ heartbeatMs: 50, timeoutMs: 300 });
  await using web = await Seaport.connect(hub.seaportPort, { heartbeat: 50 });
  await web.register("web");
  await seen(hub, "web", (services) => services.length === 1);
  let ended = false;
  hub.addEventListener("disconnect", () => ended = true);
  await using other = await RawSeaport.synced(hub.seaportPort!);
  for (let i = 0; i < 20; i++) {
    await other.next("heartbeat");
    other.send(["heartbeat"]);
  }
  equal(ended, false);
  equal(hub.query("web").length, 1);
});

nodeTest("a hundred seaport clients see each other", async () => {
  await using hub = await bridge();
  const script = `
    const seaport = require("seaport");
    const clients = Array.from({ length: 100 }, () => seaport.connect(Number(process.argv[2])));
    clients.forEach((client, i) => client.register("web@1.0." + i));
    setInterval(() => {
      if (clients.every((client) => client.query("web@1.x").length === 100)) console.log("all");
    }, 100);
  `;
  await using node = await startNode(script, [String(hub.seaportPort)]);
  await node.said("that all are there", (output) => output.includes("all") || undefined);
  equal(hub.query("web").length, 100);
  node.kill("SIGKILL");
  await until("no service is left", () => hub.query("web").length === 0);
});
