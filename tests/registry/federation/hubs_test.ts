/** Real hubs that know each other: what one knows all know, whoever of them is called, lost, or back again. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { connectRegistry } from "../../../src/registry/connect_registry.ts";
import type { Hub } from "../../../src/registry/hub/hub.ts";
import { connect, next, seen, startHub } from "../../support/registry_hub.ts";
import { startWorker } from "../../support/registry_worker.ts";
import { until, within } from "../../support/within.ts";

const fast = { heartbeatMs: 100, timeoutMs: 500 };
const ids = (hub: Hub, pattern: string) => hub.query(pattern).map(({ id }) => id).sort();

Deno.test("what is registered at one hub is found at its peer, and gone from both at once", async () => {
  await using first = await startHub();
  await using second = await startHub({ peers: [first.url!] });
  await using visitor = await connect(second);
  const shop = await connect(first);
  await shop.register("web@1.0.0", { id: "a", port: 1 });
  const [service] = await visitor.get("web@1.x");
  equal(service.id, "a");
  await shop.close();
  await seen(visitor, "web", (services) => services.length === 0);
});

Deno.test("a hub that joins late is told everything, and tells what it has", async () => {
  await using first = await startHub();
  await using left = await connect(first);
  await Promise.all(Array.from({ length: 3000 }, (_, i) => left.register("many@1.0.0", { id: `m${i}`, port: 1, i })));
  await using second = await startHub();
  await using right = await connect(second);
  await right.register("other", { id: "o", port: 1 });
  await using third = await startHub({ peers: [first.url!, second.url!] });
  await seen(third, "many", (services) => services.length === 3000);
  await seen(first, "other", (services) => services.length === 1);
  deepEqual(ids(second, "many"), ids(first, "many"));
});

Deno.test("hubs find each other through one that both know, and two calls end in one connection", async () => {
  await using first = await startHub();
  await using second = await startHub({ peers: [first.url!] });
  await using third = await startHub({ peers: [first.url!] });
  const peers = async (hub: Hub) => (await (await fetch(`${hub.url!.replace("ws", "http")}/health`)).json()).peers;
  await until("all three are connected to each other", async () => {
    return (await Promise.all([first, second, third].map(peers))).every((count) => count === 2);
  });
  deepEqual(ids(first, "registry"), [first, second, third].map(({ id }) => `registry-${id}`).sort());
  await first.close();
  await using client = await connect(second);
  await client.register("web", { id: "a", port: 1 });
  await seen(third, "web", (services) => services.length === 1);
});

Deno.test("hubs that call each other at one moment keep one connection", async () => {
  const [one, two] = [await startHub(), await startHub()];
  const ports = [one.port!, two.port!];
  await Promise.all([one.close(), two.close()]);
  const [first, second] = await Promise.all([
    startHub({ port: ports[0], peers: [`127.0.0.1:${ports[1]}`] }),
    startHub({ port: ports[1], peers: [`127.0.0.1:${ports[0]}`] }),
  ]);
  await using _first = first;
  await using _second = second;
  await using client = await connect(first);
  for (let i = 0; i < 20; i++) {
    await client.register("web", { id: `w${i}`, port: 1 });
    await seen(second, "web", (services) => services.length === i + 1);
  }
});

Deno.test("a hub may be given its own address", async () => {
  const first = await startHub();
  const port = first.port!;
  await first.close();
  await using hub = await startHub({ port, peers: [`localhost:${port}`, `127.0.0.1:${port}`] });
  await using client = await connect(hub);
  await client.register("web", { port: 1 });
  equal(hub.query("web").length, 1);
});

Deno.test("a dead hub's services drop after the timeout, and not before", async () => {
  await using first = await startHub(fast);
  await using second = await startHub({ ...fast, peers: [first.url!] });
  // It is only ever connected to the first one.
  const client = connectRegistry(first.url!, { follow: false });
  await client.register("web", { id: "a", port: 1 });
  await seen(second, "web", (services) => services.length === 1);
  const freed = next(second, "free", ({ id }) => id === "a");
  await Promise.all([first.close(), client.close()]);
  equal(ids(second, "web").length, 1);
  await freed;
});

Deno.test("clients of a hub that is closed go to another, and are never seen twice or gone", async () => {
  await using first = await startHub(fast);
  await using second = await startHub({ ...fast, peers: [first.url!] });
  await using visitor = await connect(second);
  await using client = connectRegistry(first.url!);
  await client.register("web@1.0.0", { id: "a" });
  await seen(visitor, "web", (services) => services.length === 1);
  await within(
    "the client knows the other hub",
    client.get("registry").then(() => seen(client, "registry", (all) => all.length === 2)),
  );
  const told: string[] = [];
  visitor.addEventListener("free", ({ detail }) => told.push(`free ${detail.role}`));
  const again = next(client, "connect", (url) => url === `${second.url}/registry`);
  await first.close();
  await again;
  await seen(client, "web", (services) => services.length === 1);
  // Longer than the timeout of the hub that is gone.
  await seen(second, "registry", (services) => services.length === 1);
  await until("the first hub was given up", () => !second.query("registry").some(({ id }) => id.endsWith(first.id)));
  equal(second.query("web").length, 1);
  ok(!told.includes("free web"));
});

Deno.test("two owners of one id, at two hubs that meet later, leave one service, and the other owner is told", async () => {
  await using first = await startHub();
  await using second = await startHub();
  await using early = await connect(first);
  await early.register("web", { id: "same", port: 1 });
  await using late = await connect(second);
  await late.register("web", { id: "same", port: 2 });
  const lost = next(early, "reject");
  await using third = await startHub({ peers: [first.url!, second.url!] });
  equal((await lost).code, "taken");
  for (const hub of [first, second, third]) await seen(hub, "web", ([service]) => service?.port === 2);
  await early.register("web", { port: 3 });
  await seen(third, "web", (services) => services.length === 2);
});

Deno.test("1,000 clients of a hub that is killed are all at the other one in seconds, and nothing is there twice", async () => {
  await using other = await startHub();
  await using worker = startWorker({ hub: { peers: [other.url!] } });
  const [, url] = await worker.said(/^(ws:.*)\n/);
  const clients = Array.from({ length: 1000 }, (_, i) => {
    const client = connectRegistry([url, other.url!], { follow: i < 10 });
    return { client, registered: client.register("fleet@1.0.0", { id: `f${i}`, port: 1 + i }) };
  });
  await within("all are registered", Promise.all(clients.map(({ registered }) => registered)), 60_000);
  await seen(other, "fleet", (services) => services.length === 1000);
  const moved = clients.map(({ client }) => next(client, "connect"));
  worker.kill("SIGKILL");
  await Promise.all(moved);
  const own = async () => (await (await fetch(`${other.url!.replace("ws", "http")}/health`)).json()).clients >= 1000;
  await until("all clients are at the other hub", own);
  await until("each is registered once", () => new Set(ids(other, "fleet")).size === 1000);
  equal(other.query("fleet").length, 1000);
  for (const { client } of clients.slice(0, 10)) {
    await seen(client, "fleet", (services) => services.length === 1000);
    equal(new Set(client.query("fleet").map(({ id }) => id)).size, 1000);
  }
  await Promise.all(clients.map(({ client }) => client.close()));
});
