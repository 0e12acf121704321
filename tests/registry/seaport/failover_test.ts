/** The real npm seaport when hubs come and go, when there are several, and when there are servers of its own. */

import { deepEqual, equal } from "node:assert/strict";
import type { Hub } from "../../../src/registry/hub/hub.ts";
import type { RegistryOptions } from "../../../src/registry/hub/hub_options.ts";
import { makeFolder } from "../../support/folder.ts";
import { connect, next, seen, startHub } from "../../support/registry_hub.ts";
import { nodeTest } from "../../support/node_process.ts";
import { Seaport } from "../../support/seaport.ts";

function bridge(options: RegistryOptions = {}): Promise<Hub> {
  return startHub({ seaportPort: 0, ...options });
}

/** A second hub, with which the first one has exchanged all. */
async function peerOf(first: Hub, options: RegistryOptions = {}): Promise<Hub> {
  const second = await bridge({ peers: [first.url!], ...options });
  const roles = (hub: Hub) => seen(hub, "seaport", (services) => services.length === 2);
  await Promise.all([roles(first), roles(second)]);
  return second;
}

nodeTest("a seaport client comes back to a hub that was started again, and nothing of others with it", async () => {
  const first = await bridge();
  const port = first.seaportPort!;
  await using client = await Seaport.connect(port);
  await using web = await Seaport.connect(port);
  await using gone = await Seaport.connect(port);
  const webPort = await web.register("web@1.0.0", { id: "web-1" });
  await gone.register("old@1.0.0");
  await client.event("register", ({ role }) => role === "old");
  await client.seen("web", (services) => services.length === 1);
  await first.close();
  gone.kill("SIGKILL");
  await using hub = await bridge({ seaportPort: port });
  await using ours = await connect(hub);
  const [service] = await seen(ours, "web", (services) => services.length === 1);
  deepEqual([service.id, service.port], ["web-1", webPort]);
  // The client, which knew of it, neither keeps it alive nor believes in it any more.
  await client.seen("old", (services) => services.length === 0);
  deepEqual(hub.query("old"), []);
  // Everybody owns again what was theirs.
  const freed = next(hub, "free");
  web.kill("SIGKILL");
  equal((await freed).id, "web-1");
  await client.seen("web", (services) => services.length === 0);
});

nodeTest("what a hub kept on its disk is its seaport client's again when that comes back", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("registry");
  const first = await bridge({ dir });
  const port = first.seaportPort!;
  await using web = await Seaport.connect(port);
  const registered = next(first, "register");
  await web.register("web@1.0.0", { id: "web-1" });
  await registered;
  await first.close();
  await using hub = await bridge({ dir, seaportPort: port });
  deepEqual(hub.query("web").map(({ id, awaiting }) => [id, awaiting]), [["web-1", true]]);
  await next(hub, "register", ({ awaiting }) => awaiting === undefined);
  deepEqual(hub.query("web").map(({ id }) => id), ["web-1"]);
  const freed = next(hub, "free");
  web.kill("SIGKILL");
  equal((await freed).id, "web-1");
});

nodeTest("a hub that is alone is not in the list of its seaport clients, and one with a peer is", async () => {
  await using first = await bridge();
  await using client = await Seaport.connect(first.seaportPort);
  await client.event("synced");
  deepEqual(await client.query(), []);
  await using second = await peerOf(first);
  const hubs = await client.seen("seaport@2.0.9", (services) => services.length === 2);
  deepEqual(
    hubs.map(({ id, host, port }) => [id, host, port]).sort(),
    [first, second].map(({ id, seaportPort }) => [`seaport-${id}`, "127.0.0.1", seaportPort]).sort(),
  );
});

nodeTest("seaport clients of two hubs that are peers see each other", async () => {
  await using first = await bridge();
  await using second = await peerOf(first);
  await using web = await Seaport.connect(first.seaportPort);
  await using client = await Seaport.connect(second.seaportPort);
  const got = client.get("web@1.x");
  const port = await web.register("web@1.0.0");
  deepEqual((await got).map((service) => service.port), [port]);
  web.kill("SIGKILL");
  await client.event("free", ({ role }) => role === "web");
  deepEqual(await client.query("web"), []);
});

nodeTest("a seaport client goes to the other hub when its own is lost, and its service is never gone", async () => {
  const options = { heartbeatMs: 200, timeoutMs: 5000 };
  const first = await bridge(options);
  await using second = await peerOf(first, options);
  await using web = await Seaport.connect(first.seaportPort, { heartbeat: 100 });
  await using client = await Seaport.connect(second.seaportPort, { heartbeat: 100 });
  const port = await web.register("web@1.0.0", { id: "web-1" });
  await client.event("register", ({ id }) => id === "web-1");
  await web.seen("seaport", (services) => services.length === 2);
  const found: number[] = [];
  second.addEventListener("free", (event) => {
    if ((event as CustomEvent).detail.id === "web-1") setTimeout(() => found.push(second.query("web").length));
  });
  const rejected: string[] = [];
  second.addEventListener("reject", (event) => rejected.push((event as CustomEvent).detail.error.message));
  const connected = next(second, "connect");
  await first.close();
  await connected;
  // The row that came to the first hub stands in until it is dropped, a timeout later.
  deepEqual(second.query("web").map(({ id }) => id), ["web-1"]);
  await next(second, "register", ({ id }) => id === "web-1");
  deepEqual(second.query("web").map((service) => [service.id, service.port]), [["web-1", port]]);
  await client.seen("web", (services) => services.length === 1);
  const killed = next(second, "free", ({ id }) => id === "web-1");
  web.kill("SIGKILL");
  await killed;
  await client.seen("web", (services) => services.length === 0);
  deepEqual(found, [1, 0]);
  deepEqual(rejected, []);
});

nodeTest("a server of npm seaport that peers with a hub shares its services, and nothing goes round", async () => {
  await using hub = await bridge();
  await using ours = await connect(hub);
  await using server = await Seaport.serve();
  const serverPort = await server.call("address");
  await using theirs = await Seaport.connect(serverPort);
  await theirs.register("theirs@1.0.0", { id: "theirs-1" });
  await server.event("register", ({ role }) => role === "theirs");
  await server.call("peer", hub.seaportPort);
  await seen(ours, "theirs@1.x", (services) => services.length === 1);
  const [row] = await seen(ours, "seaport", (services) => services.length === 1);
  equal(row.port, serverPort);
  // The other way, and only once.
  let changes = 0;
  hub.addEventListener("register", () => changes++);
  const { id } = await ours.register("ours@1.0.0", { nested: { a: [1] } });
  await theirs.event("register", (service) => service.id === id);
  await theirs.register("later@1.0.0");
  await seen(ours, "later", (services) => services.length === 1);
  equal(changes, 2);
  await ours.free(id);
  await theirs.event("free", (service) => service.id === id);
  await theirs.call("free", "theirs-1");
  await seen(ours, "theirs", (services) => services.length === 0);
  equal(changes, 2);
  server.kill("SIGKILL");
  await seen(ours, "later", (services) => services.length === 0);
  deepEqual(hub.query(), []);
});

nodeTest("a server of npm seaport that peers with two hubs makes no circle", async () => {
  await using first = await bridge();
  await using second = await peerOf(first);
  await using server = await Seaport.serve();
  await server.call("peer", first.seaportPort);
  await server.call("peer", second.seaportPort);
  await server.seen("seaport", (services) => services.length >= 3);
  await using ours = await connect(first);
  const { id } = await ours.register("web@1.0.0", { nested: { a: 1 } });
  await server.event("register", (service) => service.id === id);
  await seen(second, "web", (services) => services.length === 1);
  let changes = 0;
  for (const hub of [first, second]) {
    for (const name of ["register", "free"] as const) {
      hub.addEventListener(name, () => changes++);
    }
  }
  await ours.free(id);
  await server.event("free", (service) => service.id === id);
  await seen(second, "web", (services) => services.length === 0);
  // Whatever goes round would come by once more before this has gone all the way.
  await using theirs = await Seaport.connect(await server.call("address"));
  await theirs.register("end");
  await seen(first, "end", (services) => services.length === 1);
  await seen(second, "end", (services) => services.length === 1);
  deepEqual(first.query("web"), []);
  deepEqual(second.query("web"), []);
  equal(changes <= 6, true, `${changes} changes`);
});
