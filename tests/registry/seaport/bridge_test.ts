/** The wire that seaport clients are spoken to on: who owns what, what is refused, and that it hurts nobody else. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { newKeyPair } from "../../../src/net/keys.ts";
import type { Hub } from "../../../src/registry/hub/hub.ts";
import type { Rejection } from "../../../src/registry/hub/hub_events.ts";
import { startRegistry } from "../../../src/registry/start_registry.ts";
import type { RegistryOptions } from "../../../src/registry/hub/hub_options.ts";
import { connect, next, seen, startHub } from "../../support/registry_hub.ts";
import { RawSeaport } from "../../support/raw_seaport.ts";
import { until } from "../../support/within.ts";

function bridge(options: RegistryOptions = {}): Promise<Hub> {
  return startHub({ seaportPort: 0, ...options });
}

/** What is refused, as it happens. */
function rejections(hub: Hub): Rejection[] {
  const found: Rejection[] = [];
  hub.addEventListener("reject", (event) => found.push((event as CustomEvent<Rejection>).detail));
  return found;
}

const web = (fields: Record<string, unknown> = {}) => ({ role: "web", version: "1.0.0", port: 8000, ...fields });

Deno.test("the hub says where the client is, then what there is, then that this was all", async () => {
  await using hub = await bridge();
  await using ours = await connect(hub);
  const { port } = await ours.register("web@1.0.0", { id: "a" });
  await using client = new RawSeaport(hub.seaportPort!);
  client.send(["synced"]);
  const told = { id: "a", role: "web", version: "1.0.0", host: "127.0.0.1", port, heardFrom: hub.id };
  deepEqual(await client.until("synced"), [["helo", "127.0.0.1"], ["register", "a", told], ["synced"]]);
});

Deno.test("a client that says nothing is told all the same", async () => {
  await using hub = await bridge();
  await hub.register("web@1.0.0", { id: "a" });
  await using client = new RawSeaport(hub.seaportPort!);
  deepEqual((await client.until("synced")).map(([type]) => type), ["helo", "register", "synced"]);
});

Deno.test("everybody but its sender is told of a row, and everybody of its end", async () => {
  await using hub = await bridge();
  const port = hub.seaportPort!;
  await using owner = await RawSeaport.synced(port);
  await using other = await RawSeaport.synced(port);
  owner.send(["register", "a", web({ x: 1 })]);
  const row = { id: "a", ...web({ x: 1 }), host: "127.0.0.1", heardFrom: hub.id };
  deepEqual(await other.next("register"), ["register", "a", row]);
  owner.send(["register", "a", web({ x: 2 })]);
  deepEqual(await other.next("register"), ["register", "a", { ...row, x: 2 }]);
  owner.send(["register", "a", web({ x: 2 })], ["free", "a"]);
  deepEqual(await other.until("free"), [["free", "a"]]);
  deepEqual(await owner.until("free"), [["free", "a"]]);
});

Deno.test("heartbeats come, and whoever gives none is cut off", async () => {
  await using hub = await bridge({ heartbeatMs: 50, timeoutMs: 300 });
  await using client = new RawSeaport(hub.seaportPort!);
  client.send(["register", "a", web()]);
  const timeout = next(hub, "timeout");
  await client.next("heartbeat");
  await client.next("heartbeat");
  equal(hub.query("web").length, 1);
  await client.closed;
  deepEqual(await timeout, { address: "127.0.0.1", kind: "client" });
  await until("the service is gone", () => hub.query("web").length === 0);
});

Deno.test("nobody frees or changes what is another's, whichever kind of client it is", async () => {
  await using hub = await bridge();
  const port = hub.seaportPort!;
  await using ours = await connect(hub);
  await ours.register("web@1.0.0", { id: "ours", port: 8000 });
  await using owner = await RawSeaport.synced(port);
  const registered = next(hub, "register", ({ id }) => id === "theirs");
  owner.send(["register", "theirs", web()]);
  await registered;
  await using thief = await RawSeaport.synced(port);
  const refused = rejections(hub);
  const row = (id: string) => ({ ...hub.query("web").find((service) => service.id === id)!, x: 1 });
  for (const id of ["ours", "theirs"]) {
    thief.send(["free", id], ["register", id, web({ x: 1 })], ["register", id, { ...row(id), heardFrom: hub.id }]);
  }
  thief.send(["register", "end", web()]);
  await seen(ours, "web", (services) => services.some(({ id }) => id === "end"));
  deepEqual(refused.map(({ error }) => error.code), Array(2).fill(["not-owner", "taken", "not-owner"]).flat());
  deepEqual(hub.query("web").map(({ id, x }) => [id, x]), ["ours", "theirs", "end"].map((id) => [id, undefined]));
  await rejects(ours.free("theirs"), { code: "not-owner" });
  await rejects(ours.register("web", { id: "theirs" }), { code: "taken" });
  equal(hub.query("web").length, 3);
});

Deno.test("what a client frees because it was told that it is gone is no offence", async () => {
  await using hub = await bridge();
  await using ours = await connect(hub);
  await using client = await RawSeaport.synced(hub.seaportPort!);
  const refused = rejections(hub);
  await ours.register("web@1.0.0", { id: "a", port: 8000 });
  await ours.free("a");
  await ours.register("web@1.0.0", { id: "a", port: 8000 });
  await client.next("register");
  client.send(["free", "unknown"]);
  await ours.free("a");
  await client.next("free");
  await ours.register("web@1.0.0", { id: "a", port: 8000 });
  client.send(["free", "a"], ["register", "end", web()]);
  await seen(ours, "web", (services) => services.some(({ id }) => id === "end"));
  deepEqual(refused, []);
  equal(hub.query("web").length, 2);
});

Deno.test("a client whose old connection nobody has missed yet has its service again when that ends", async () => {
  await using hub = await bridge();
  const port = hub.seaportPort!;
  const old = await RawSeaport.synced(port);
  const registered = next(hub, "register");
  old.send(["register", "a", web()]);
  await registered;
  const refused = rejections(hub);
  await using client = new RawSeaport(port);
  client.send(["register", "a", web()], ["synced"]);
  deepEqual((await client.until("synced")).map(([type]) => type), ["helo", "synced"]);
  const back = next(hub, "register");
  await old[Symbol.asyncDispose]();
  equal((await back).id, "a");
  client.send(["register", "b", web()]);
  await next(hub, "register");
  deepEqual(hub.query("web").map(({ id }) => id), ["a", "b"]);
  deepEqual(refused, []);
});

Deno.test("rows that can't be registered are refused, and the client stays", async () => {
  await using hub = await bridge();
  const refused = rejections(hub);
  await using client = await RawSeaport.synced(hub.seaportPort!);
  const bad: Record<string, unknown>[] = [
    { role: "" },
    { role: 1 },
    { role: undefined },
    { port: 0 },
    { port: 65536 },
    { port: 1.5 },
    { port: "http" },
    { port: undefined },
    { version: ["1.0.0"] },
    { host: "a b" },
    { host: 1 },
    { text: "x".repeat(limits.registryMetadataChars) },
  ];
  for (const fields of bad) client.send(["register", "a", web(fields)]);
  client.send(["register", "a b", web()], ["register", "end", web()]);
  await next(hub, "register");
  deepEqual(
    refused.map(({ error, address }) => [error.code, address]),
    Array(bad.length + 1).fill(["invalid", "127.0.0.1"]),
  );
  deepEqual(hub.query("web").map(({ id }) => id), ["end"]);
});

Deno.test("a version that is none is kept for seaport clients, and found by its role", async () => {
  const logged: string[] = [];
  await using hub = await bridge({ log: (_, message) => logged.push(message) });
  await using other = await RawSeaport.synced(hub.seaportPort!);
  await using client = await RawSeaport.synced(hub.seaportPort!);
  client.send(["register", "a", web({ version: "dev" })]);
  equal(((await other.next("register"))[2] as { version: unknown }).version, "dev");
  deepEqual([hub.query("web").length, hub.query("web@*").length], [1, 0]);
  match(logged.join(), /"dev" of a is no semantic version/);
});

Deno.test("hostile lines end their own connection and nothing else, and the hub says why", async () => {
  await using hub = await bridge();
  await using good = await RawSeaport.synced(hub.seaportPort!);
  good.send(["register", "good", web()]);
  await seen(hub, "web", (services) => services.length === 1);
  const hostile: readonly [string, Uint8Array | string][] = [
    ["protocol", "broken\n"],
    ["protocol", "\n"],
    ["protocol", `["register","a"]\n`],
    ["protocol", `["register",1,{}]\n`],
    ["protocol", `["free",{}]\n`],
    ["protocol", `["register","a",{"__proto__":{"x":1}}]\n`],
    ["protocol", `["free","__proto__"]\n`],
    ["protocol", `["register","a",{"x":${"[".repeat(5000)}${"]".repeat(5000)}}]\n`],
    ["protocol", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["protocol", Uint8Array.of(0x16, 0x03, 0x01, 0xff, 10)],
    ["limit", "x".repeat(10 * 1024 * 1024)],
  ];
  for (const [code, text] of hostile) {
    const refused = next(hub, "reject");
    await using client = new RawSeaport(hub.seaportPort!);
    client.send(["register", "own", web()], text);
    client.send(["register", "late", web()]);
    await client.closed;
    equal((await refused).error.code, code, String(text).slice(0, 80));
  }
  await until("nothing is left of them", () => hub.query("web").length === 1);
  good.send(["register", "good2", web()]);
  await seen(hub, "web", (services) => services.some(({ id }) => id === "good2"));
});

Deno.test("a client has no more services than it may", async () => {
  await using hub = await bridge();
  const refused = rejections(hub);
  await using client = await RawSeaport.synced(hub.seaportPort!);
  const most = limits.registryServicesOfClient;
  for (let i = 0; i < 10; i++) {
    client.send(
      Array.from({ length: most / 10 + 1 }, (_, j) => JSON.stringify(["register", `${i}-${j}`, web()])).join("\n") +
        "\n",
    );
  }
  await until("the last is refused", () => refused.length === 10);
  equal(hub.query("web").length, most);
  deepEqual([...new Set(refused.map(({ error }) => error.code))], ["limit"]);
  client.send(["free", "0-0"], ["register", "more", web()]);
  await next(hub, "register");
  equal(hub.query("web").length, most);
});

Deno.test("a client that takes nothing holds only a part of what there is, and is cut off", async () => {
  await using hub = await bridge({ heartbeatMs: 100, timeoutMs: 1000 });
  const text = "x".repeat(10_000);
  const count = 8000;
  for (let i = 0; i < count; i++) await hub.register("web@1.0.0", { id: `web-${i}`, port: 8000, text });
  await using slow = new RawSeaport(hub.seaportPort!);
  await slow.next("helo");
  slow.pause();
  const memory = () => Deno.memoryUsage().external + Deno.memoryUsage().heapUsed;
  const before = memory();
  const timeout = next(hub, "timeout");
  const beating = setInterval(() => slow.send(["heartbeat"]), 100);
  await timeout;
  clearInterval(beating);
  const grown = memory() - before;
  ok(grown < count * text.length / 2, `${grown} bytes more`);
  await using good = new RawSeaport(hub.seaportPort!);
  good.send(["synced"]);
  await good.next("register");
});

Deno.test("one more client than the hub has connections for is sent away", async () => {
  await using hub = await bridge({ connections: 1 });
  await using first = await RawSeaport.synced(hub.seaportPort!);
  await using second = new RawSeaport(hub.seaportPort!);
  await second.closed;
  first.send(["register", "a", web()]);
  await seen(hub, "web", (services) => services.length === 1);
});

Deno.test("a hub that knows who may by keys answers seaport clients, and lets them register nothing", async () => {
  const key = newKeyPair();
  await using hub = await bridge({ authorized: [{ key }] });
  await using ours = await connect(hub, { key });
  await ours.register("web@1.0.0", { id: "a", port: 8000 });
  const refused = rejections(hub);
  await using client = new RawSeaport(hub.seaportPort!);
  client.send(["register", "b", web()], ["synced"]);
  deepEqual((await client.until("synced")).map(([type]) => type), ["helo", "register", "synced"]);
  client.send(["free", "a"], ["register", "a", web({ x: 1 })], ["heartbeat"]);
  await until("all is refused", () => refused.length === 3);
  deepEqual(refused.map(({ error }) => error.code), ["unauthorized", "not-owner", "unauthorized"]);
  deepEqual(hub.query("web").map(({ id, x }) => [id, x]), [["a", undefined]]);
});

Deno.test("a hub that asks for a token has no port for seaport clients, who can't show one", async () => {
  await rejects(startRegistry({ port: 0, seaportPort: 0, queryToken: "t" }), { name: "TypeError", message: /token/ });
});

Deno.test("a port that is taken is told of, and the hub does not stay half open", async () => {
  await using first = await bridge();
  await rejects(bridge({ seaportPort: first.seaportPort }), Deno.errors.AddrInUse);
});

Deno.test("services that connect from the hub's own machine are where the hub says it is", async () => {
  await using hub = await bridge({ advertise: "hub.example" });
  await using client = new RawSeaport(hub.seaportPort!);
  client.send(["register", "a", web()], ["register", "b", web({ host: "::ffff:10.1.2.3" })]);
  deepEqual(await client.next("helo"), ["helo", "hub.example"]);
  const services = await seen(hub, "web", (services) => services.length === 2);
  deepEqual(services.map(({ host }) => host), ["hub.example", "10.1.2.3"]);
});

Deno.test("closing the hub ends the connections of seaport clients", async () => {
  const hub = await bridge();
  await using client = await RawSeaport.synced(hub.seaportPort!);
  await hub.close();
  await client.closed;
});
